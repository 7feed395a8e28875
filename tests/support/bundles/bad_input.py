"""Archives and workspaces that must be refused: how to write them, and what a refusal has to say of them."""

import io
import json
import os
import socket
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yoi_bundle.digest import compute_digest
from yoi_bundle.limits import MEBIBYTE

HEAD: dict[str, Any] = {"schema_version": 1, "workspace": "library"}
PROFILE: dict[str, Any] = {"tools": {"kind": "all"}}


@dataclass(frozen=True)
class BadArchive:
    """A file that is imported and must be refused.

    Attributes:
        data: The file's bytes.
        code: The code of the refusal.
        places: Each place that it has to name: a pointer of a fault, or `key=value` of the details.
        planted: What no output may contain.
    """

    name: str
    data: bytes
    code: str
    places: tuple[str, ...]
    planted: tuple[str, ...] = ()


@dataclass(frozen=True)
class BadFile:
    """A file of a workspace that must be refused, with a diagnostic of this rule.

    Attributes:
        line: Of the diagnostic, from 1; 0 where it is about the whole file.
        planted: What no output may contain.
    """

    path: str
    data: bytes
    rule: str
    line: int
    planted: str = ""


def encode_manifest(**fields: Any) -> bytes:
    document = HEAD | fields
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def describe(content: bytes, media_type: str = "text/markdown", size: int | None = None) -> dict[str, Any]:
    """Return a blob's descriptor, true unless `size` is given."""
    held = len(content) if size is None else size
    return {"digest": compute_digest(content), "media_type": media_type, "size": held}


def nest(depth: int) -> bytes:
    """Return a manifest in which a set-apart item nests so deeply that the whole has `depth` levels."""
    inner: Any = 1
    for _ in range(depth - 3):
        inner = [inner]
    return encode_manifest(prompts={"a": {"features": {"thought.reading": {}}, "x": inner}})


def make_entry(name: str, content: bytes) -> bytes:
    return make_header(name, len(content)) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


def make_header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    return entry.tobuf(tarfile.USTAR_FORMAT)


def make_archive(manifest: bytes, blobs: Iterable[bytes] = (), *, ordered: bool = True) -> bytes:
    """Write an archive as the format asks for it, whatever the manifest says."""
    pairs = [(compute_digest(blob), blob) for blob in blobs]
    return make_archive_of(manifest, sorted(pairs) if ordered else pairs)


def make_archive_of(manifest: bytes, named: Iterable[tuple[str, bytes]]) -> bytes:
    """Write an archive whose blobs stand under the digests that are given, true or not."""
    out = io.BytesIO()
    out.write(make_entry("manifest.json", manifest))
    for digest, blob in named:
        out.write(make_entry(f"blobs/sha256/{digest.removeprefix('sha256:')}", blob))
    out.write(bytes(2 * tarfile.BLOCKSIZE))
    return out.getvalue()


def write_files(root: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    root.mkdir(parents=True, exist_ok=True)
    return root


def make_fifo(root: Path) -> None:
    os.mkfifo(root / "pipe.md")


def make_socket(root: Path) -> None:
    """Leave a socket behind; its path is bound from inside, because such a path may not be long."""
    before = Path.cwd()
    os.chdir(root)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("door.md")
    finally:
        os.chdir(before)


def make_link_out(root: Path) -> None:
    (root / "link.md").symlink_to("/etc/hostname")


def make_undecodable_name(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/b\xff.md")).write_bytes(b"b")


def make_large_file(root: Path) -> None:
    """Write a file of which the disk holds nothing."""
    with (root / "large.md").open("wb") as file:
        file.truncate(64 * MEBIBYTE + 1)


SPECIAL_FILES: tuple[tuple[Callable[[Path], None], str, str], ...] = (
    (make_fifo, "pipe.md", "source.not_a_file"),
    (make_socket, "door.md", "source.not_a_file"),
    (make_link_out, "link.md", "source.outside"),
    (make_undecodable_name, "b\\xff.md", "source.undecodable_name"),
    (make_large_file, "large.md", "limit.exceeded"),
)
"""What makes the file, its path as it is shown, the rule."""
