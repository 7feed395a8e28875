"""Upload of finished bundles: an archive, verified like anything that comes over a network (B-02, B-13)."""

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

from yoi_bundle.archive import MANIFEST_NAME, format_blob_name
from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.diff import BundleDiff, compute_diff
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import DEFAULT_LIMITS, MEBIBYTE, Limits
from yoi_bundle.metadata import Provenance
from yoi_bundle.tar_entry import END_OF_ARCHIVE, compute_padding, encode_entry_header
from yoi_bundle.verified import VerifiedBundle, verify_manifest
from yoi_wire.clock import Clock
from yoi_wire.error_details import build_error
from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.event_log import LOG
from yoi_workspace_server.publishing.build_processes import BuildFaultError, JobRunner
from yoi_workspace_server.publishing.build_work import (
    ARCHIVE_FILE,
    ArchiveJob,
    Checked,
    Refused,
    find_blob_file,
)
from yoi_workspace_server.publishing.builder import read_results, record_bundle
from yoi_workspace_server.revisions import RecordedRevision, Revision
from yoi_workspace_server.store.bundles import BundleRepository
from yoi_workspace_server.store.store import Store

_FRAMING_BYTES = 64 * MEBIBYTE
"""Headers and padding of the largest archive: a kibibyte and a half for each blob at most."""

_UNKNOWN = Provenance(kind="api", builder="unknown", builder_version="unknown")


def _format_entry(name: str, content: bytes) -> tuple[bytes, bytes, bytes]:
    return encode_entry_header(name, len(content)), content, bytes(compute_padding(len(content)))


async def compare_revisions(bundles: BundleRepository, old: Revision, new: Revision) -> BundleDiff:
    """Say what differs; the comparison runs in a thread, which asks this loop for the texts that changed.

    Raises:
        BundleMissingError: A bundle is no longer there.
        StoreCorruptError: A text is damaged.
    """
    workspace = new.workspace
    loop = asyncio.get_running_loop()
    before = await bundles.get_manifest(workspace, old.digest)
    after = await bundles.get_manifest(workspace, new.digest)

    def read_blob(digest: str) -> bytes:
        return asyncio.run_coroutine_threadsafe(bundles.get_blob(workspace, digest), loop).result()

    def compare() -> BundleDiff:
        first = verify_manifest(before.manifest, before.digest)
        return compute_diff(first, verify_manifest(after.manifest, after.digest), read_blob)

    return await asyncio.to_thread(compare)


class Uploads:
    """Takes archives.

    Args:
        store: Where bundles go.
        jobs: Takes archives apart and checks them as a build would (B-07), within its limits.
        temporary: A directory of this program alone.
        clock: The source of time.
        limits: Limits of bundles.
        quota_bytes: How much a workspace may keep.
    """

    def __init__(
        self,
        store: Store,
        *,
        jobs: JobRunner,
        temporary: Path,
        clock: Clock,
        limits: Limits = DEFAULT_LIMITS,
        quota_bytes: int = MAX_SAFE_INTEGER,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._temporary = temporary
        self._clock = clock
        self._limits = limits
        self._quota_bytes = quota_bytes

    async def publish(
        self, workspace: str, body: AsyncIterable[bytes], *, publisher: str
    ) -> RecordedRevision:
        """Take one archive, and make it a revision of the workspace.

        Nothing of it is kept unless all of it is sound.

        Raises:
            RequestInvalidError: It is a bundle of another workspace.
            LimitExceededError, DigestMismatchError, FaultyBundleError, BundleBlobsMissingError: See `read_archive`; and
                what a build would refuse in a blob is refused here.
            WorkspaceNotFoundError: There is no such workspace.
        """
        await self._store.workspaces.get_workspace(workspace)
        with tempfile.TemporaryDirectory(prefix="upload-", dir=self._temporary) as directory:
            place = Path(directory)
            await self._spool(body, place / ARCHIVE_FILE)
            digest, provenance = await self._check(place, workspace)
            manifest, bundle = await asyncio.to_thread(read_results, place, digest, self._limits)
            named = bundle.manifest.workspace
            if named != workspace:
                raise RequestInvalidError("a bundle of another workspace", field="workspace")
            return await record_bundle(
                self._store,
                bundle,
                manifest,
                lambda blob: find_blob_file(place, blob).read_bytes(),
                provenance=provenance,
                publisher=publisher,
                actor=publisher,
                now=self._clock.now(),
                quota_bytes=self._quota_bytes,
            )

    async def _check(self, place: Path, workspace: str) -> tuple[str, Provenance]:
        try:
            answer = await self._jobs.run(ArchiveJob(results=str(place)), workspace=workspace)
        except BuildFaultError as error:
            LOG.event("check_fault", workspace=workspace, error=str(error))
            raise
        match answer:
            case Checked(digest=digest, provenance=provenance):
                return digest, provenance or _UNKNOWN
            case Refused(code=code, details=details):
                raise build_error(code, details)
            case _:
                raise AssertionError("a check's answer is Checked or Refused")

    async def _spool(self, body: AsyncIterable[bytes], path: Path) -> None:
        allowed = self._limits.bundle_bytes + _FRAMING_BYTES
        received = 0
        with path.open("wb") as file:
            async for piece in body:
                received += len(piece)
                if received > allowed:
                    raise LimitExceededError("bundle_bytes", value=received, allowed=allowed, place="body")
                await asyncio.to_thread(file.write, piece)


async def stream_archive(
    bundles: BundleRepository, workspace: str, manifest: bytes, bundle: VerifiedBundle
) -> AsyncIterator[bytes]:
    """Yield an archive without metadata, which depends on the digest alone; one blob at a time in memory.

    Raises:
        StoreCorruptError: A blob is damaged; the archive ends unfinished.
    """
    for piece in _format_entry(MANIFEST_NAME, manifest):
        yield piece
    async for digest, content in bundles.stream_blobs(workspace, sorted(bundle.blobs)):
        for piece in _format_entry(format_blob_name(digest), content):
            yield piece
    yield END_OF_ARCHIVE
