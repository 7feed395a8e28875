"""Bundle cache: what many Runtimes are about to receive is read and encoded once (P-08)."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from worker_runtime.contract.bundles import ManifestBody, ManifestEncoding
from worker_runtime.sync.bundle_sync import BundleSource, EncodeManifest
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from yoi_bundle.errors import YoiError
from yoi_bundle.limits import MEBIBYTE
from yoi_bundle.metadata import BundleMetadata
from yoi_workspace_server.store.store import Store

_KEPT_SECONDS = 10.0


class _Kept(NamedTuple):
    reading: "asyncio.Future[BundleMetadata]"
    until: float


class RecentRevisions:
    """Reads metadata of revisions from the store, and keeps it for some seconds.

    No longer, although a revision never changes: its workspace may be deleted, and another one made in its name.
    """

    def __init__(self, store: Store, *, kept_seconds: float = _KEPT_SECONDS) -> None:
        self._store = store
        self._kept_seconds = kept_seconds
        self._kept: dict[tuple[str, str, int], _Kept] = {}

    async def get_metadata(self, workspace: str, digest: str, revision: int) -> BundleMetadata:
        """Return a revision's metadata; that of the newest one with the digest, when this one has another.

        Raises:
            BundleMissingError: The workspace never had the digest.
            BackendUnavailableError, StoreCorruptError: It cannot be read.
        """
        key = (workspace, digest, revision)
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(key)
        if kept is None or kept.until <= now:
            self._drop_old(now)
            kept = _Kept(asyncio.ensure_future(self._read(*key)), now + self._kept_seconds)
            self._kept[key] = kept
        try:
            return await asyncio.shield(kept.reading)
        except YoiError:
            if self._kept.get(key) is kept:
                del self._kept[key]
            raise

    async def _read(self, workspace: str, digest: str, revision: int) -> BundleMetadata:
        found = await self._store.revisions.find_revision(workspace, revision)
        if found is None or found.digest != digest:
            found = await self._store.revisions.get_by_digest(workspace, digest)
        return found.metadata

    def _drop_old(self, now: float) -> None:
        for key in [key for key, kept in self._kept.items() if kept.until <= now]:
            del self._kept[key]


_MAX_KEPT_BYTES = 128 * MEBIBYTE
_MAX_KEPT_BLOB_BYTES = MEBIBYTE


class BundleCache:
    """Reads bundles from the store, and keeps the latest of them, within 128 MiB."""

    def __init__(self, store: Store, *, max_bytes: int = _MAX_KEPT_BYTES) -> None:
        self._store = store
        self._revisions = RecentRevisions(store)
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._reading: dict[tuple[str, ...], asyncio.Future[bytes]] = {}

    async def get_source(self, workspace: str, digest: str, revision: int) -> BundleSource:
        """Return a bundle as its sender holds it.

        Raises:
            BundleMissingError: The store has none such.
            BackendUnavailableError, StoreCorruptError: It cannot be read.
        """
        metadata = await self._revisions.get_metadata(workspace, digest, revision)
        manifest = await self.get_manifest(workspace, digest)

        async def read_blob(blob: str) -> bytes:
            return await self._get(
                ("blob", workspace, blob), lambda: self._store.bundles.get_blob(workspace, blob)
            )

        return BundleSource(metadata=metadata, manifest=manifest, read_blob=read_blob)

    async def get_manifest(self, workspace: str, digest: str) -> bytes:
        """Return a manifest's bytes.

        Raises:
            BundleMissingError: The store has none such.
        """

        async def read() -> bytes:
            return (await self._store.bundles.get_manifest(workspace, digest)).manifest

        return await self._get(("manifest", workspace, digest), read)

    async def find_base(self, workspace: str, digest: str | None) -> bytes | None:
        """Return a manifest to send a delta against; None when the store does not have it."""
        if digest is None:
            return None
        try:
            return await self.get_manifest(workspace, digest)
        except YoiError:
            return None

    def build_encoder(self, digest: str, base: str | None) -> EncodeManifest:
        """Return what encodes a manifest, in a thread; the same one, for the next Runtime, is at hand.

        Args:
            digest: Of the manifest that it will be given.
            base: Digest of the manifest that it may be given to make a delta against.
        """

        async def encode(
            manifest: bytes, encoding: ManifestEncoding, base_manifest: bytes | None
        ) -> ManifestBody:
            if encoding == "identity":
                return ManifestBody(content=manifest)

            async def read() -> bytes:
                body = await asyncio.to_thread(encode_manifest, manifest, encoding, base=base_manifest)
                return body.content

            # To hash both for each Runtime would cost more than all else that is done for it.
            against = "" if base_manifest is None or base is None else base
            key = ("encoded", encoding, digest, against)
            return ManifestBody(content=await self._get(key, read), encoding=encoding)

        return encode

    async def _get(self, key: tuple[str, ...], read: Callable[[], Awaitable[bytes]]) -> bytes:
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.ensure_future(read())
            self._reading[key] = reading
            reading.add_done_callback(lambda _: self._reading.pop(key, None))
        content = await asyncio.shield(reading)
        self._keep(key, content)
        return content

    def _keep(self, key: tuple[str, ...], content: bytes) -> None:
        if key in self._kept or (key[0] == "blob" and len(content) > _MAX_KEPT_BLOB_BYTES):
            return
        self._kept[key] = content
        self._bytes += len(content)
        while self._bytes > self._max_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped)
