"""Upload of finished bundles: an archive, verified like anything that comes over a network (B-02, B-13)."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

from yoi_bundle.archive import MANIFEST_NAME, ArchivedBundle, format_blob_name, read_archive
from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.boundary.text_blob import find_text_blob_faults
from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.descriptors import list_descriptors
from yoi_bundle.diff import BundleDiff, compute_diff
from yoi_bundle.errors import Fault, LimitExceededError, raise_faults
from yoi_bundle.limits import DEFAULT_LIMITS, MEBIBYTE, Limits
from yoi_bundle.manifest import Descriptor
from yoi_bundle.media_types import FREE_JSON_MEDIA_TYPE, PLUGIN_PACKAGE_MEDIA_TYPE, TEXT_MEDIA_TYPES
from yoi_bundle.metadata import Provenance
from yoi_bundle.tar_entry import END_OF_ARCHIVE, compute_padding, encode_entry_header
from yoi_bundle.verified import VerifiedBundle, verify_manifest
from yoi_wire.clock import Clock
from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.publishing.builder import record_bundle
from yoi_workspace_server.revisions import RecordedRevision, Revision
from yoi_workspace_server.store.bundles import BundleRepository
from yoi_workspace_server.store.store import Store

_FRAMING_BYTES = 64 * MEBIBYTE
"""Headers and padding of the largest archive: a kibibyte and a half for each blob at most."""

_UNKNOWN = Provenance(kind="api", builder="unknown", builder_version="unknown")


def _blob_file(place: Path, digest: str) -> Path:
    return place / digest.removeprefix("sha256:")


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
        scanner: Looks for credentials in what others built, too (B-07).
        temporary: A directory of this program alone.
        clock: The source of time.
        limits: HttpLimits of bundles.
        quota_bytes: How much a workspace may keep.
    """

    def __init__(
        self,
        store: Store,
        *,
        scanner: SecretScanner,
        temporary: Path,
        clock: Clock,
        limits: Limits = DEFAULT_LIMITS,
        quota_bytes: int = MAX_SAFE_INTEGER,
    ) -> None:
        self._store = store
        self._scanner = scanner
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
            await self._spool(body, place / "archive")
            archived = await asyncio.to_thread(self._read, place)
            named = archived.bundle.manifest.workspace
            if named != workspace:
                raise RequestInvalidError("a bundle of another workspace", field="workspace")
            return await record_bundle(
                self._store,
                archived.bundle,
                archived.manifest,
                lambda digest: _blob_file(place, digest).read_bytes(),
                provenance=archived.metadata.provenance if archived.metadata else _UNKNOWN,
                publisher=publisher,
                actor=publisher,
                now=self._clock.now(),
                quota_bytes=self._quota_bytes,
            )

    async def _spool(self, body: AsyncIterable[bytes], path: Path) -> None:
        allowed = self._limits.bundle_bytes + _FRAMING_BYTES
        received = 0
        with path.open("wb") as file:
            async for piece in body:
                received += len(piece)
                if received > allowed:
                    raise LimitExceededError("bundle_bytes", value=received, allowed=allowed, place="body")
                await asyncio.to_thread(file.write, piece)

    def _read(self, place: Path) -> ArchivedBundle:
        def put_blob(descriptor: Descriptor, content: bytes) -> None:
            _blob_file(place, descriptor.digest).write_bytes(content)

        with (place / "archive").open("rb") as file:
            archived = read_archive(file, put_blob, limits=self._limits)
        (place / "archive").unlink()
        # One blob may stand under two media types; being text elsewhere excuses no free JSON.
        placed = {
            (one.digest, one.media_type): (pointer, one)
            for pointer, one in list_descriptors(archived.bundle.manifest)
        }
        for pointer, descriptor in placed.values():
            raise_faults(self._find_faults(pointer, descriptor, place))
        return archived

    def _find_faults(self, pointer: str, descriptor: Descriptor, place: Path) -> list[Fault]:
        if descriptor.media_type == PLUGIN_PACKAGE_MEDIA_TYPE:
            return []
        content = _blob_file(place, descriptor.digest).read_bytes()
        if descriptor.media_type == FREE_JSON_MEDIA_TYPE:
            return find_free_json_faults(content, place=pointer, limits=self._limits)
        return find_text_blob_faults(
            io.BytesIO(content),
            place=pointer,
            scanner=self._scanner,
            declared_text=descriptor.media_type in TEXT_MEDIA_TYPES,
        )


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
