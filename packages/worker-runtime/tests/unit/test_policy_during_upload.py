"""Host policy that changes inside one pack holds for that pack (B-10, R-01)."""

import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.bundles.secret_tokens import TOKEN_KINDS
from support.bundles.small_bundles import build_small_bundle
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, put_blobs, put_manifest
from worker_runtime.contract.bundles import StagedOutcome
from worker_runtime.host.policy import HostPolicy
from worker_runtime.sync.transfer.pack import write_pack
from yoi_bundle.errors import SecretValueError


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    under_test = EmbeddedUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.mark.req("B-10", "R-01")
def test_a_pack_that_began_before_the_policy_asked_is_not_taken_as_it_came(
    runtime: EmbeddedUnderTest,
) -> None:
    """What is to be checked is settled when a pack begins, and asked once more before the bundle is visible."""
    (kind,) = (one for one in TOKEN_KINDS if one.name == "github-classic")
    text = f"Be kind.\n\nLog in with {kind.make(random.Random(7))} first.\n".encode()
    bundle = build_small_bundle(prompts={"leaky": text})
    caller = build_caller()
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)

    async def change_policy_in_between() -> AsyncIterator[bytes]:
        async for piece in write_pack(list(bundle.blobs.items())):
            yield piece[:1]
            runtime.host.policy = HostPolicy(recheck_text=True)
            yield piece[1:]

    outcome = runtime.run(runtime.api.put_pack(caller, staged.lease.id, change_policy_in_between()))
    assert isinstance(outcome, StagedOutcome)
    assert set(outcome.missing) == {digest for digest, data in bundle.blobs.items() if data == text}
    with pytest.raises(SecretValueError):
        put_blobs(runtime, caller, staged.lease.id, bundle.blobs.items())
