"""A bundle as people name it: by digest, by the beginning of one, or by an archive file."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from msgspec import Struct

from worker_runtime.contract.bundles import BundleEntry
from yoi.runtime.local import LocalRuntime
from yoi_bundle.archive import read_archive
from yoi_bundle.manifest import Descriptor
from yoi_bundle.metadata import BundleMetadata
from yoi_bundle.tar_entry import compute_padding
from yoi_bundle.verified import VerifiedBundle, verify_manifest
from yoi_wire.errors import BundleMissingError, RequestInvalidError

_REFERENCE = re.compile(r"(?:sha256:)?([0-9a-f]{4,64})")
_DIGEST_LENGTH = 64


class NoSuchBundleError(BundleMissingError):
    """Nothing is what a person named, or there is no bundle at all; the details have a digest when one was named."""

    def __init__(self, message: str, *, digest: str = "", remedy: str = "") -> None:
        super().__init__(digest)
        self._message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self._message

    def details(self) -> dict[str, Any]:
        return {"digest": self.digest} if self.digest else {}


class ListsBundles(Protocol):
    """A Runtime here or elsewhere, for commands that name its bundles."""

    def list_bundles(self) -> tuple[BundleEntry, ...]:
        """Return all stored bundles, newest first."""


class OpenBundle(Struct, frozen=True, kw_only=True):
    """A bundle whose manifest has been verified, and a way to its blobs.

    Attributes:
        data: The manifest's canonical bytes.
        read_blob: Gives a blob's bytes by digest; verified by each read.
    """

    bundle: VerifiedBundle
    data: bytes
    metadata: BundleMetadata | None
    read_blob: Callable[[str], bytes]


@contextmanager
def open_bundle(reference: str, runtime: LocalRuntime) -> Iterator[OpenBundle]:
    """Open a bundle for as long as the context lasts.

    Raises:
        BundleMissingError: Neither a file nor a stored bundle.
        RequestInvalidError: More than one stored bundle begins so, or the file cannot be read.
    """
    if not reference.startswith("sha256:") and is_file(Path(reference)):
        with open_archive(Path(reference)) as opened:
            yield opened
    else:
        yield open_stored(reference, runtime)


def is_file(path: Path) -> bool:
    """Tell whether a file is there; where it cannot even be looked for, there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


@contextmanager
def open_archive(path: Path) -> Iterator[OpenBundle]:
    """Open an archive; all of it is verified once, and each blob again when it is read."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be read", field=str(path)) from error
    with stream:
        offsets: dict[str, tuple[int, int]] = {}

        def remember(descriptor: Descriptor, content: bytes) -> None:
            size = len(content)
            offsets[descriptor.digest] = (stream.tell() - size - compute_padding(size), size)

        archived = read_archive(stream, remember)
        yield OpenBundle(
            bundle=archived.bundle,
            data=archived.manifest,
            metadata=archived.metadata,
            read_blob=lambda digest: _read_at(stream, *offsets[digest]),
        )


def open_stored(reference: str, runtime: LocalRuntime) -> OpenBundle:
    """Open a bundle of the local Runtime."""
    digest = find_digest(reference, runtime)
    content = runtime.get_bundle(digest)
    return OpenBundle(
        bundle=verify_manifest(content.manifest, digest),
        data=content.manifest,
        metadata=content.metadata,
        read_blob=runtime.build_blob_reader(digest),
    )


def join_readers(one: OpenBundle, other: OpenBundle) -> Callable[[str], bytes]:
    """Return a reader of the blobs of two bundles."""
    return lambda digest: (one if digest in one.bundle.blobs else other).read_blob(digest)


def find_digest(reference: str, runtime: ListsBundles) -> str:
    """Complete the beginning of a digest; at least four digits."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise NoSuchBundleError(
            f"no bundle is called {reference}",
            remedy="name it by its digest, or by at least four digits of that",
        )
    if len(match[1]) == _DIGEST_LENGTH:
        return f"sha256:{match[1]}"
    wanted = f"sha256:{match[1]}"
    found = sorted({entry.digest for entry in runtime.list_bundles() if entry.digest.startswith(wanted)})
    if not found:
        raise NoSuchBundleError(f"no bundle is held here whose digest begins with {wanted}")
    if len(found) > 1:
        raise RequestInvalidError(f"{len(found)} stored bundles begin with {wanted}", field="digest")
    return found[0]


def _read_at(stream: BinaryIO, offset: int, size: int) -> bytes:
    stream.seek(offset)
    return stream.read(size)
