"""Archives as files: written whole or not at all, and taken into the local Runtime."""

import os
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from worker_runtime.errors import RequestInvalidError
from yoi.building import make_metadata
from yoi.bundle_source import OpenBundle
from yoi.local_runtime import LocalRuntime
from yoi_bundle.archive import write_archive
from yoi_bundle.metadata import BundleMetadata, Provenance


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
    """Store what an archive holds and return its revision; one that is stored already keeps the one it has.

    Metadata that came with it are kept; without any the next revision of its workspace is made.
    """
    digest, workspace = opened.bundle.digest, opened.bundle.manifest.workspace
    entries = runtime.list_bundles(workspace)
    held = next((entry for entry in entries if entry.digest == digest and entry.state == "stored"), None)
    if held is not None:
        return held.metadata.revision
    metadata = opened.metadata
    if metadata is None:
        revision = max((entry.metadata.revision for entry in entries), default=0) + 1
        provenance = Provenance(kind="api", builder="yoi import", builder_version="")
        metadata = make_metadata(digest, workspace, provenance, revision=revision)
    runtime.put_bundle(metadata, opened.data, opened.read_blob)
    return metadata.revision
