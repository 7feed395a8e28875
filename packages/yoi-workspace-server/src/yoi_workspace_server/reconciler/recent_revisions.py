"""What is known about revisions, read once for all Runtimes that receive one at about the same time (P-08)."""

import asyncio
from typing import NamedTuple

from yoi_bundle.errors import YoiError
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
