"""A push: as a delta where both sides hold a manifest, with the generation that comes next, refused when too late."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import SmallBundle, build_many_prompts, build_small_bundle
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, store_bundle
from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.bundles import ManifestBody, PutOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.sync.bundle_sync import SyncReport
from yoi.bundles.source import OpenBundle
from yoi.runtime.pushing import push_bundle
from yoi_bundle.metadata import BundleMetadata
from yoi_bundle.verified import verify_manifest
from yoi_wire.client.retry import Patience
from yoi_wire.errors import AssignmentConflictError, RequestInvalidError, RuntimeUnavailableError

pytestmark = pytest.mark.req("R-04", "R-11")

CALLER = build_caller(kind="remote")
PROMPTS = build_many_prompts(20)
OLD, NEW = build_small_bundle(prompts=PROMPTS), build_small_bundle(prompts={**PROMPTS, "p0": b"Edited.\n"})


class RecordingRuntime(EmbeddedRuntime):
    """Remembers how manifests came, and lets another writer in before an assignment.

    Attributes:
        encodings: Of the manifests that were put.
        rival: Assigned just before the next assignment is.
    """

    encodings: tuple[str, ...] = ()
    rival: AssignmentRequest | None = None

    async def put_bundle(
        self, caller: Caller, digest: str, metadata: BundleMetadata, body: ManifestBody
    ) -> PutOutcome:
        self.encodings += (body.encoding,)
        return await super().put_bundle(caller, digest, metadata, body)

    async def put_assignment(self, caller: Caller, workspace: str, request: AssignmentRequest) -> Assignment:
        rival, self.rival = self.rival, None
        if rival is not None:
            await super().put_assignment(caller, workspace, rival)
        return await super().put_assignment(caller, workspace, request)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    under_test = EmbeddedUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.fixture
def recording(runtime: EmbeddedUnderTest) -> Iterator[RecordingRuntime]:
    recording = RecordingRuntime(runtime.directory, host=runtime.host, clock=runtime.clock)
    yield recording
    recording.close()


def _open(bundle: SmallBundle, metadata: BundleMetadata | None) -> OpenBundle:
    verified = verify_manifest(bundle.manifest, bundle.digest)
    return OpenBundle(
        bundle=verified, data=bundle.manifest, metadata=metadata, read_blob=bundle.blobs.__getitem__
    )


def _push(
    runtime: EmbeddedUnderTest, to: RecordingRuntime, bundle: SmallBundle, *held: SmallBundle
) -> SyncReport:
    manifests = {one.digest: one.manifest for one in held}
    opened = _open(bundle, bundle.metadata)
    report: SyncReport = runtime.run(push_bundle(to, CALLER, opened, find_manifest=manifests.get))
    return report


def test_the_assigned_manifest_is_the_base_of_a_delta_when_it_is_held_on_this_side(
    runtime: EmbeddedUnderTest, recording: RecordingRuntime
) -> None:
    assert _push(runtime, recording, OLD).assignment.generation == 1
    assert _push(runtime, recording, NEW, OLD).assignment.generation == 2
    assert recording.encodings == ("zstd", "dcz")
    _push(runtime, recording, OLD)
    assert recording.encodings == ("zstd", "dcz", "zstd")


def test_what_is_assigned_already_is_one_question_and_keeps_its_generation(
    runtime: EmbeddedUnderTest, recording: RecordingRuntime
) -> None:
    first = _push(runtime, recording, OLD)
    again = _push(runtime, recording, OLD)
    assert (again.assignment, again.requests, again.sent_blobs) == (first.assignment, 1, ())


def test_a_push_that_another_one_overtook_is_refused_and_may_be_tried_again(
    runtime: EmbeddedUnderTest, recording: RecordingRuntime
) -> None:
    store_bundle(runtime, CALLER, OLD)
    recording.rival = AssignmentRequest(digest=OLD.digest, revision=1, generation=1)
    with pytest.raises(AssignmentConflictError) as caught:
        _push(runtime, recording, NEW)
    assert caught.value.details() == {"workspace": "library", "generation": 1, "assigned": OLD.digest}
    assert _push(runtime, recording, NEW).assignment.generation == 2


def test_an_archive_without_metadata_is_refused_before_anything_is_asked(
    runtime: EmbeddedUnderTest, recording: RecordingRuntime
) -> None:
    recording.close()
    with pytest.raises(RequestInvalidError):
        runtime.run(push_bundle(recording, CALLER, _open(OLD, None), find_manifest=lambda _: None))


class CutRuntime(EmbeddedRuntime):
    """Loses the first answer to an assignment."""

    lost = 0

    async def put_assignment(self, caller: Caller, workspace: str, request: AssignmentRequest) -> Assignment:
        assigned = await super().put_assignment(caller, workspace, request)
        self.lost += 1
        if self.lost == 1:
            raise RuntimeUnavailableError("unreachable")
        return assigned


def test_a_push_goes_on_after_a_cut(runtime: EmbeddedUnderTest) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    cut = CutRuntime(runtime.directory, host=runtime.host, clock=runtime.clock)
    try:
        report = runtime.run(
            push_bundle(
                cut,
                CALLER,
                _open(NEW, NEW.metadata),
                find_manifest=lambda _: None,
                patience=Patience(attempts=2, sleep=sleep),
            )
        )
    finally:
        cut.close()
    assert (report.assignment.generation, report.requests, len(waits)) == (1, 4, 1)
