"""A plugin's directory as one deterministic tar: the same files give the same bytes anywhere (B-05)."""

import io
import tarfile
from collections.abc import Iterable

from yoi_bundle.authoring.drafts.draft import SourceFile


def pack_plugin(root: str, files: Iterable[SourceFile]) -> bytes:
    """Pack files below a plugin's root, by path, with fixed headers; only the executable bit is kept."""
    prefix = f"{root}/" if root else ""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in sorted(files, key=lambda one: one.path):
            header = tarfile.TarInfo(file.path.removeprefix(prefix))
            header.size = len(file.data)
            header.mode = 0o755 if file.executable else 0o644
            archive.addfile(header, io.BytesIO(file.data))
    return buffer.getvalue()
