"""A sync goes on after failures that pass by themselves, with what is left, and stops at those that do not (R-04)."""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from support.bundles.small_bundles import SmallBundle, build_many_prompts, build_small_bundle
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller
from worker_runtime.contract.api import RuntimeApi
from worker_runtime.sync.bundle_sync import BundleSource, SyncReport, sync_bundle
from yoi_bundle.errors import DigestMismatchError, YoiError
from yoi_wire.client.retry import Patience
from yoi_wire.errors import (
    BundleMissingError,
    LeaseExpiredError,
    RequestInvalidError,
    RuntimeOverloadedError,
    RuntimeUnavailableError,
    UnauthenticatedError,
)

pytestmark = pytest.mark.req("R-04")

_CALLER = build_caller(kind="remote", scopes=frozenset({"bundles:read", "bundles:write"}))
_GONE = RuntimeUnavailableError("unreachable")


class _Flaky:
    """A Runtime that answers some requests with an error: before doing anything, or having done a part or all.

    Attributes:
        asked: The operations, in order.
        encodings: Of the manifests that came.
        failures: Number of a request → its error, and what of it is done: nothing, some blobs, or all.
    """

    def __init__(self, inner: RuntimeApi, failures: dict[int, tuple[YoiError, int | None]]) -> None:
        self.asked: list[str] = []
        self.encodings: list[str] = []
        self._inner = inner
        self._failures = failures

    async def put_bundle(self, *arguments: Any) -> Any:
        self.encodings.append(arguments[-1].encoding)
        return await self._ask("put", lambda: self._inner.put_bundle(*arguments))

    async def put_pack(self, caller: Any, lease: str, pack: AsyncIterable[bytes]) -> Any:
        done = self._failures.get(len(self.asked), (None, None))[1]
        # Small blobs come in one piece, so a part of a pack is a part of its bytes: header, text, padding.
        content = b"".join([piece async for piece in pack])[: None if done is None else done * 1024]

        async def pieces() -> Any:
            yield content

        return await self._ask("pack", lambda: self._inner.put_pack(caller, lease, pieces()))

    async def put_assignment(self, *arguments: Any) -> Any:
        return await self._ask("assign", lambda: self._inner.put_assignment(*arguments))

    async def _ask(self, name: str, operation: Callable[[], Any]) -> Any:
        error, done = self._failures.get(len(self.asked), (None, None))
        self.asked.append(name)
        if error is None:
            return await operation()
        if done != 0:
            try:
                await operation()
            except RequestInvalidError:
                assert done is not None
        raise error


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    under_test = EmbeddedUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


class _Run:
    """One sync of ten blobs over a flaky way."""

    def __init__(
        self, embedded: EmbeddedUnderTest, failures: dict[int, tuple[YoiError, int | None]], **options: Any
    ) -> None:
        self.bundle = build_small_bundle(prompts=build_many_prompts(10))
        self.waits: list[float] = []
        self.flaky = _Flaky(embedded.api, failures)
        self._embedded = embedded
        self._options = options

    def sync(self, attempts: int = 5) -> SyncReport:
        async def read_blob(digest: str) -> bytes:
            return self.bundle.blobs[digest]

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        source = BundleSource(
            metadata=self.bundle.metadata, manifest=self.bundle.manifest, read_blob=read_blob
        )
        patience = Patience(attempts=attempts, sleep=sleep, draw=lambda: 0.5, now=lambda: sum(self.waits))
        runtime = cast(RuntimeApi, self.flaky)
        report: SyncReport = self._embedded.run(
            sync_bundle(runtime, _CALLER, source, generation=1, patience=patience, **self._options)
        )
        return report


def _is_held(embedded: EmbeddedUnderTest, bundle: SmallBundle) -> bool:
    return bool(embedded.run(embedded.api.get_bundle_status(_CALLER, bundle.digest)).verified)


def test_a_pack_that_was_cut_goes_on_with_what_is_missing(embedded: EmbeddedUnderTest) -> None:
    run = _Run(embedded, {1: (_GONE, 4)})
    report = run.sync()
    assert run.flaky.asked == ["put", "pack", "put", "pack", "assign"]
    assert len(report.sent_blobs) == 10 + 6
    assert run.waits == [1.0]
    assert _is_held(embedded, run.bundle)


def test_an_answer_that_was_lost_costs_no_blob(embedded: EmbeddedUnderTest) -> None:
    run = _Run(embedded, {1: (_GONE, None)})
    report = run.sync()
    assert run.flaky.asked == ["put", "pack", "put", "assign"]
    assert len(report.sent_blobs) == 10


def test_once_the_bundle_is_held_only_the_assignment_is_asked_again(embedded: EmbeddedUnderTest) -> None:
    run = _Run(embedded, {2: (_GONE, 0), 3: (_GONE, None)})
    assert run.sync().requests == 5
    assert run.flaky.asked == ["put", "pack", "assign", "assign", "assign"]


def test_steps_forward_keep_the_waits_short_and_the_sync_going(embedded: EmbeddedUnderTest) -> None:
    failures: dict[int, tuple[YoiError, int | None]] = {2 * step + 1: (_GONE, 1) for step in range(9)}
    run = _Run(embedded, failures)
    run.sync(attempts=3)
    assert run.flaky.asked == ["put", "pack"] * 10 + ["assign"]
    assert max(run.waits) == 1.0


def test_overload_is_waited_for_as_long_as_it_asks(embedded: EmbeddedUnderTest) -> None:
    run = _Run(embedded, {0: (RuntimeOverloadedError("leases", retry_after_seconds=30), 0)})
    run.sync()
    assert run.waits == [31.0]


def test_a_runtime_that_stays_away_is_unavailable_in_the_end(embedded: EmbeddedUnderTest) -> None:
    run = _Run(embedded, dict.fromkeys(range(9), (_GONE, 0)))
    with pytest.raises(RuntimeUnavailableError) as caught:
        run.sync(attempts=3)
    assert caught.value.retryable
    assert run.waits == [1.0, 2.0]


@pytest.mark.parametrize(
    "error",
    [LeaseExpiredError("x"), RequestInvalidError("x"), UnauthenticatedError("x")],
    ids=lambda e: e.code,
)
def test_a_refused_pack_is_made_anew_at_once_and_given_up_when_that_brings_nothing(
    embedded: EmbeddedUnderTest, error: YoiError
) -> None:
    run = _Run(embedded, {1: (error, 0), 3: (error, 3), 5: (error, 2)})
    run.sync(attempts=1)
    assert run.flaky.asked == [*["put", "pack"] * 4, "assign"]
    assert run.waits == []
    other = _Run(embedded, {1: (error, 0), 3: (error, 0)})
    other.bundle = build_small_bundle(prompts={"p": b"other\n"}, revision=2)
    with pytest.raises(type(error)):
        other.sync(attempts=1)
    assert other.flaky.asked == ["put", "pack", "put", "pack", "put"]


_CHANGED = DigestMismatchError("sha256:asked", "sha256:came")
_BASE = build_small_bundle(prompts={"p": b"before\n"}).manifest


@pytest.mark.req("R-04", "B-02")
@pytest.mark.parametrize(("base", "first"), [(None, "zstd"), (_BASE, "dcz")], ids=["whole", "delta"])
def test_a_manifest_that_was_changed_on_its_way_is_sent_once_more_and_plain(
    embedded: EmbeddedUnderTest, base: bytes | None, first: str
) -> None:
    run = _Run(embedded, {0: (_CHANGED, 0)}, base=base)
    run.sync(attempts=1)
    assert run.flaky.asked == ["put", "put", "pack", "assign"]
    assert run.flaky.encodings == [first, "identity"]
    other = _Run(embedded, {0: (_CHANGED, 0), 1: (_CHANGED, 0)}, base=base)
    with pytest.raises(DigestMismatchError):
        other.sync()
    assert other.flaky.asked == ["put", "put"]


def test_a_manifest_that_was_changed_once_stays_plain_for_the_rest_of_the_sync(
    embedded: EmbeddedUnderTest,
) -> None:
    run = _Run(embedded, {0: (_CHANGED, 0), 2: (_GONE, 3), 3: (_CHANGED, 0)})
    with pytest.raises(DigestMismatchError):
        run.sync()
    assert run.flaky.encodings == ["zstd", "identity", "identity"]


def test_a_bundle_that_went_is_brought_again(embedded: EmbeddedUnderTest) -> None:
    run = _Run(embedded, {0: (BundleMissingError("x"), 0)}, likely_held=True)
    run.sync()
    assert run.flaky.asked == ["assign", "put", "pack", "assign"]


def test_without_patience_the_first_failure_is_the_answer(embedded: EmbeddedUnderTest) -> None:
    bundle = build_small_bundle()

    async def read_blob(digest: str) -> bytes:
        return bundle.blobs[digest]

    source = BundleSource(metadata=bundle.metadata, manifest=bundle.manifest, read_blob=read_blob)
    flaky = _Flaky(embedded.api, {0: (_GONE, 0)})
    with pytest.raises(RuntimeUnavailableError):
        asyncio.run(sync_bundle(cast(RuntimeApi, flaky), _CALLER, source, generation=1))
    assert flaky.asked == ["put"]
