"""Download of a stored bundle as an archive, as `yoi_bundle.archive.write_archive` writes it (B-13)."""

from collections.abc import AsyncIterator

from yoi_bundle.archive import MANIFEST_NAME, format_blob_name
from yoi_bundle.tar_entry import END_OF_ARCHIVE, compute_padding, encode_entry_header
from yoi_bundle.verified import VerifiedBundle
from yoi_workspace_server.store.bundles import BundleRepository


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


def _format_entry(name: str, content: bytes) -> tuple[bytes, bytes, bytes]:
    return encode_entry_header(name, len(content)), content, bytes(compute_padding(len(content)))
