"""Bundles in the database: manifests and blobs, kept for each workspace apart (R-07, K-01)."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence

from msgspec import Struct
from sqlalchemy import exists, select

from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import BundleBlobsMissingError, DigestMismatchError
from yoi_wire.errors import BundleMissingError, StoreCorruptError
from yoi_workspace_server.store.database.statements import insert_absent, insert_all_absent, split_batches
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.tables import blobs, bundles
from yoi_workspace_server.store.workspaces import lock_workspace

_BATCH_BLOBS = 256
_BATCH_BYTES = 8 * 1024 * 1024

BlobStream = AsyncIterable[tuple[str, bytes]]
"""Digests and contents, in any order."""


class StoredManifest(Struct, frozen=True, kw_only=True):
    """A bundle's manifest, as the very bytes that hash to its digest.

    Attributes:
        size: Manifest and blobs together, in bytes.
    """

    digest: str
    manifest: bytes
    size: int


class BundleRepository:
    """Stores bundles and reads them; none is ever changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_missing_blobs(self, workspace: str, digests: Sequence[str]) -> tuple[str, ...]:
        """Return those of the digests that the workspace has no blob of, in their order."""
        held: set[str] = set()
        async with self._database.read() as connection:
            for some in split_batches(digests):
                query = select(blobs.c.digest).where(blobs.c.workspace == workspace, blobs.c.digest.in_(some))
                held.update((await connection.execute(query)).scalars())
        return tuple(digest for digest in digests if digest not in held)

    async def put_blobs(self, workspace: str, contents: BlobStream, *, now: int) -> None:
        """Keep blobs, in transactions of at most 256 blobs or 8 MiB; none is open while `contents` is waited for.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            DigestMismatchError: A content does not hash to its digest; those before it are kept.
        """
        batch: list[dict[str, object]] = []
        size = 0
        async for digest, content in contents:
            computed = compute_digest(content)
            if computed != digest:
                raise DigestMismatchError(digest, computed)
            batch.append({"workspace": workspace, "digest": digest, "content": content})
            size += len(content)
            if len(batch) >= _BATCH_BLOBS or size >= _BATCH_BYTES:
                await self._write_batch(workspace, batch, now)
                batch, size = [], 0
        await self._write_batch(workspace, batch, now)

    async def put_bundle(
        self,
        workspace: str,
        *,
        digest: str,
        manifest: bytes,
        size: int,
        blob_digests: Sequence[str],
        contents: BlobStream | None = None,
        now: int,
    ) -> bool:
        """Keep a verified bundle; it is visible from the last transaction on, which finds all its blobs there.

        Args:
            workspace: The workspace that its manifest names.
            digest: Of the manifest.
            manifest: Its bytes.
            size: Of manifest and blobs together, in bytes.
            blob_digests: Of every blob, each once.
            contents: Blobs that may still be missing; see `put_blobs`.
            now: The instant.

        Returns:
            Whether this call made it visible.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            DigestMismatchError: Something does not hash to its digest.
            BundleBlobsMissingError: Some blobs are not there.
        """
        computed = compute_digest(manifest)
        if computed != digest:
            raise DigestMismatchError(digest, computed)
        if contents is not None:
            await self.put_blobs(workspace, contents, now=now)
        row = {"workspace": workspace, "digest": digest, "manifest": manifest, "size": size, "stored_at": now}
        async with self._database.write(now) as transaction:
            await lock_workspace(transaction, workspace)
            await _verify_complete(transaction, workspace, digest, blob_digests)
            return await insert_absent(transaction, bundles, row)

    async def get_manifest(self, workspace: str, digest: str) -> StoredManifest:
        """Return a bundle's manifest.

        Raises:
            BundleMissingError: The workspace has no such bundle.
        """
        query = select(bundles).where(bundles.c.workspace == workspace, bundles.c.digest == digest)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise BundleMissingError(digest)
        return StoredManifest(digest=row.digest, manifest=row.manifest, size=row.size)

    async def has_bundle(self, workspace: str, digest: str) -> bool:
        """Tell whether the workspace has the bundle complete."""
        query = select(exists().where(bundles.c.workspace == workspace, bundles.c.digest == digest))
        async with self._database.read() as connection:
            return bool(await connection.scalar(query))

    async def get_blob(self, workspace: str, digest: str) -> bytes:
        """Return a blob of a bundle that is complete.

        Raises:
            StoreCorruptError: It is not there, which only damage brings about, or its bytes are others.
        """
        query = select(blobs.c.content).where(blobs.c.workspace == workspace, blobs.c.digest == digest)
        async with self._database.read() as connection:
            content = await connection.scalar(query)
        if content is None or compute_digest(content) != digest:
            raise StoreCorruptError("blob")
        return bytes(content)

    async def stream_blobs(self, workspace: str, digests: Sequence[str]) -> AsyncIterator[tuple[str, bytes]]:
        """Yield blobs in the order asked for, one at a time in memory.

        Raises:
            StoreCorruptError: As for `get_blob`.
        """
        for digest in digests:
            yield digest, await self.get_blob(workspace, digest)

    async def _write_batch(self, workspace: str, batch: list[dict[str, object]], now: int) -> None:
        if not batch:
            return
        async with self._database.write(now) as transaction:
            await lock_workspace(transaction, workspace)
            await insert_all_absent(transaction, blobs, batch)


async def _verify_complete(
    transaction: Transaction, workspace: str, digest: str, blob_digests: Sequence[str]
) -> None:
    missing: list[str] = []
    for some in split_batches(blob_digests):
        query = select(blobs.c.digest).where(blobs.c.workspace == workspace, blobs.c.digest.in_(some))
        held = set((await transaction.connection.execute(query)).scalars())
        missing += [one for one in some if one not in held]
    if missing:
        raise BundleBlobsMissingError(digest, "", sorted(missing))
