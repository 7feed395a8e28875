"""Archives as files: written whole or not at all, and taken into the local Runtime."""

import os
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from yoi.bundles.building import compute_next_revision, find_latest, make_metadata
from yoi.bundles.source import OpenBundle
from yoi.runtime.local import LocalRuntime
from yoi_bundle.archive import write_archive
from yoi_bundle.metadata import BundleMetadata, Provenance
from yoi_wire.errors import RequestInvalidError


def write_archive_file(opened: OpenBundle, path: Path, *, metadata: BundleMetadata | None) -> int:
    """Write an archive beside its place and move it there; return its size in bytes.

    Raises:
        RequestInvalidError: The file cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                write_archive(
                    opened.data,
                    opened.bundle,
                    opened.read_blob,
                    cast("BinaryIO", file.file),
                    metadata=metadata,
                )
                size = file.tell()
                os.fchmod(file.fileno(), 0o644)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink()
                raise
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be written", field=str(path)) from error
    return size


def store_archive(runtime: LocalRuntime, opened: OpenBundle) -> int:
    """Store what an archive holds and return its revision.

    Metadata that came with it are kept, unless the bundle is stored under a later revision. Without any it is the
    next revision of its workspace, or the latest when that has the same digest (B-03).
    """
    digest, workspace = opened.bundle.digest, opened.bundle.manifest.workspace
    entries = runtime.list_bundles(workspace)
    held = next((entry for entry in entries if entry.digest == digest), None)
    metadata = opened.metadata
    if metadata is None and held is not None and held == find_latest(entries):
        metadata = held.metadata
    if metadata is None:
        provenance = Provenance(kind="api", builder="yoi import", builder_version="")
        metadata = make_metadata(digest, workspace, provenance, revision=compute_next_revision(entries))
    if held is None or held.state != "stored" or held.metadata.revision < metadata.revision:
        runtime.put_bundle(metadata, opened.data, opened.read_blob)
    return metadata.revision if held is None else max(metadata.revision, held.metadata.revision)
