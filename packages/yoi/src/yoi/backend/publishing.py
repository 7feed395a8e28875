"""Bring a finished bundle to a Backend, as an archive (K-01, B-13)."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, cast

from yoi.backend.client import BackendClient
from yoi.bundles.building import make_metadata
from yoi.bundles.source import OpenBundle
from yoi_bundle.archive import write_archive
from yoi_bundle.authoring.source.provenance import describe_provenance
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.backend.operations import PUBLISH_BUNDLE
from yoi_wire.backend.revisions import PublicationView

_PIECE_BYTES = 256 * 1024


async def publish_archive(client: BackendClient, workspace: str, archive: BinaryIO) -> PublicationView:
    """Send an archive whole; the Backend checks all of it again and gives the bundle a revision of its own.

    Args:
        client: With a token of role `operator` at the least.
        workspace: Which the bundle has to be of.
        archive: Of the bundle; metadata in it are a claim of the publisher's.

    Returns:
        The publication's `revision` and whether it was `created` now.

    Raises:
        YoiError: What the Backend refused.
    """
    return await client.call(PUBLISH_BUNDLE, workspace=workspace, body=_read_pieces(archive))


def claim_directory(opened: OpenBundle, directory: Path) -> BundleMetadata:
    """Return what is claimed of a bundle that was built from a directory just now; the revision says nothing yet."""
    provenance = describe_provenance(directory, builder="yoi", builder_version=version("yoi"))
    return make_metadata(opened.bundle.digest, opened.bundle.manifest.workspace, provenance, revision=1)


@contextmanager
def open_as_archive(opened: OpenBundle) -> Iterator[BinaryIO]:
    """Write a bundle into a file without a name, and give that file from its start.

    Not within an event loop: the local Runtime gives its blobs by one of its own.
    """
    with tempfile.TemporaryFile(prefix="yoi-publish-") as file:
        stream = cast("BinaryIO", file)
        write_archive(opened.data, opened.bundle, opened.read_blob, stream, metadata=opened.metadata)
        stream.seek(0)
        yield stream


async def _read_pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
        yield piece
