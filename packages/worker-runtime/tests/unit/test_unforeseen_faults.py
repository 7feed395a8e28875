"""Faults that nobody foresaw: what one Worker or profile runs into is that one's alone (W-06)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import build_small_bundle
from support.runtime.fake_host import FakeHost
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, create_worker, store_bundle
from worker_runtime.contract.workers import PreviewRequest
from worker_runtime.host.policy import HostPolicy
from yoi_wire.worker_requests import WorkerRequest


class FaultyHost(FakeHost):
    """Runs into a fault where the policy of one workspace is asked for, or the next time that one is."""

    def __init__(self) -> None:
        super().__init__(HostPolicy(mounts={"workspace": "ro"}, bundle_required="never"))
        self.faulty_workspace = ""
        self.good_calls = -1

    def get_policy(self, issuer: str, workspace: str) -> HostPolicy:
        self.good_calls -= 1
        if workspace == self.faulty_workspace or self.good_calls == -1:
            raise ValueError("Port out of range 0-65535")
        return super().get_policy(issuer, workspace)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    under_test = EmbeddedUnderTest(tmp_path / "data")
    under_test.host = FaultyHost()
    under_test.host.mounts["workspace"] = "rw"
    under_test.restart()
    yield under_test
    under_test.close()


@pytest.mark.req("W-06")
def test_a_worker_that_cannot_be_resolved_is_held_and_all_others_start(runtime: EmbeddedUnderTest) -> None:
    host = runtime.host
    assert isinstance(host, FaultyHost)
    workers = {}
    for workspace in ("library", "museum"):
        bundle = build_small_bundle(workspace=workspace)
        store_bundle(runtime, build_caller(workspace), bundle)
        workers[workspace] = create_worker(runtime, build_caller(workspace), bundle)
    host.faulty_workspace = "library"
    report = runtime.run(runtime.api.start()).workers
    assert (report.held, report.restored) == ((workers["library"].id,), (workers["museum"].id,))
    held = runtime.run(runtime.api.get_worker(build_caller("library"), workers["library"].id))
    assert (held.state, [reason.code for reason in held.reasons]) == ("held", ["internal"])
    host.faulty_workspace = ""
    assert len(runtime.run(runtime.api.start()).workers.restored) == 2


@pytest.mark.req("S-08")
def test_a_preview_of_all_profiles_names_the_faulty_one_and_explains_the_others(
    runtime: EmbeddedUnderTest,
) -> None:
    host = runtime.host
    assert isinstance(host, FaultyHost)
    wanted = PreviewRequest(
        workspace="library", request=WorkerRequest(selector="default"), every_profile=True
    )
    all_good = runtime.run(runtime.api.resolve_worker(build_caller(), wanted))
    assert len(all_good) > 1
    host.good_calls = 1
    good, faulty, *others = runtime.run(runtime.api.resolve_worker(build_caller(), wanted))
    assert [reason.code for reason in faulty.refused] == ["internal"]
    assert (faulty.frame.selector, faulty.frame.digest) == (
        all_good[1].frame.selector,
        all_good[1].frame.digest,
    )
    assert (good, *others) == (all_good[0], *all_good[2:])
