"""Verification of plugin packages: bytes against digest, manifest, declared surfaces and permissions (S-06).

A package that travels is a blob of the bundle; one by reference is a file `sha256-HEX.tar` in the host's package
directory. Nothing is downloaded, unpacked or run here.
"""

import asyncio
import io
import tarfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from worker_runtime.host.facts import ABSENT_PACKAGE, PackageFact, PackageNeed, SurfaceFact
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import BundleInvalidError, LimitExceededError
from yoi_bundle.identifiers import encode_path
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.plugin_manifest import PLUGIN_MANIFEST_PATH, parse_plugin_manifest

MAX_PACKAGE_FILES = 10_000
_MISMATCH = PackageFact(state="digest_mismatch")
_INVALID = PackageFact(state="invalid")


class PluginPackages:
    """Implements `PackageVerifier`."""

    def __init__(
        self,
        directory: Path | None,
        read_blob: Callable[[str], Awaitable[bytes | None]],
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Take the places where packages may be.

        Args:
            directory: The host's package directory; absent when it has none.
            read_blob: Gives a blob of the workspace by digest, or None.
            limits: Of which `blob_bytes` bounds a package.
        """
        self._directory = directory
        self._read_blob = read_blob
        self._limits = limits

    async def verify_package(self, need: PackageNeed) -> PackageFact:
        if need.travels:
            data = await self._read_blob(need.digest)
        else:
            data = await asyncio.to_thread(self._read_file, need.digest)
        if data is None:
            return ABSENT_PACKAGE
        return await asyncio.to_thread(verify_plugin_package, data, need.digest)

    def _read_file(self, digest: str) -> bytes | None:
        if self._directory is None:
            return None
        try:
            with (self._directory / f"{digest.replace(':', '-')}.tar").open("rb") as file:
                # One byte more than allowed, so that a longer file does not hash to anything expected.
                return file.read(self._limits.blob_bytes + 1)
        except OSError:
            return None


def verify_plugin_package(data: bytes, digest: str) -> PackageFact:
    """Hash a package, then read its manifest and list its files; never raises for what is in it."""
    if compute_digest(data) != digest:
        return _MISMATCH
    try:
        files, manifest = _read_tar(data)
        plugin = parse_plugin_manifest(manifest)
    except (tarfile.TarError, EOFError, OSError, ValueError, BundleInvalidError, LimitExceededError):
        return _INVALID
    return PackageFact(
        state="verified",
        name=plugin.name,
        version=plugin.version,
        surfaces={
            name: SurfaceFact(type=surface.type, entry=surface.entry)
            for name, surface in sorted(plugin.extension.surfaces.items())
        },
        permissions=tuple(sorted(plugin.extension.permissions)),
        files=tuple(sorted(files)),
    )


def _read_tar(data: bytes) -> tuple[set[str], bytes]:
    """Return the paths of a package's files and the bytes of its manifest.

    Raises:
        ValueError: A member that is no plain file inside the package, a path twice, or no manifest.
    """
    files: set[str] = set()
    manifest: bytes | None = None
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            if member.isdir():
                continue
            steps = member.name.split("/")
            if not member.isreg() or member.issparse() or any(step in ("", ".", "..") for step in steps):
                raise ValueError("a member that is no plain file inside the package")
            path = encode_path(member.name)
            if path in files or len(files) >= MAX_PACKAGE_FILES:
                raise ValueError("a path twice, or too many files")
            files.add(path)
            if member.name == PLUGIN_MANIFEST_PATH:
                content = archive.extractfile(member)
                manifest = content.read() if content is not None else None
    if manifest is None:
        raise ValueError("no plugin.json")
    return files, manifest
