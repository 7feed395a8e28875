"""Intake of a pack: verify blob by blob as it comes, keep batch by batch (R-02, R-04)."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterable

from worker_runtime.contract.bundles import PutOutcome, StoredOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.receiving import (
    Upload,
    check_blob,
    finish_upload,
    open_upload,
    stage_blobs,
)
from worker_runtime.store.blobs import VerifiedBlob
from worker_runtime.sync.transfer.pack_reader import PackedBlob, read_pack
from yoi_bundle.errors import YoiError

BATCH_BLOBS = 256
BATCH_BYTES = 5 * 512 * 1024


async def take_pack(context: Context, caller: Caller, lease: str, pieces: AsyncIterable[bytes]) -> PutOutcome:
    """Keep the blobs of a pack; whatever was verified before a cut or a fault stays, and need not come again.

    Raises:
        LeaseExpiredError: No such lease of the caller is in force.
        RequestInvalidError, DigestMismatchError: See `worker_runtime.sync.transfer.pack_reader.read_pack`.
        FaultyBundleError: The content of a blob is refused (B-10); the bundle is rejected and the lease over.
    """
    upload = await asyncio.to_thread(open_upload, context, caller, lease)
    if isinstance(upload, StoredOutcome):
        return upload
    return await PackIntake(context, caller, upload).take(pieces)


class PackIntake:
    """Takes one pack in: checks each blob as it comes, and writes one batch while the next one comes.

    A transaction is only begun once its whole batch is here, so none ever waits for the network, and there are never
    more than two batches.
    """

    def __init__(self, context: Context, caller: Caller, upload: Upload) -> None:
        self._context = context
        self._caller = caller
        self._upload = upload
        self._coming = _Batch()
        self._written = _Batch()
        self._writing: asyncio.Task[None] | None = None

    async def take(self, pieces: AsyncIterable[bytes]) -> PutOutcome:
        """Read a pack to its end; errors as in `take_pack`."""
        reading = read_pack(
            pieces,
            self._upload.sizes,
            spool_directory=self._context.spool_directory,
            limits=self._context.limits,
        )
        try:
            async with contextlib.aclosing(reading):
                async for packed in reading:
                    await self._add_all(deque(packed))
            return await self._finish()
        except BaseException:
            await self._salvage()
            raise
        finally:
            self._written.clear()
            self._coming.clear()

    async def _add_all(self, packed: deque[PackedBlob]) -> None:
        """Check and take blobs one by one; those that a fault leaves over are closed."""
        try:
            while packed:
                checked = await self._check(packed[0])
                packed.popleft()
                await self._add(checked)
        finally:
            for blob in packed:
                if not isinstance(blob.content, bytes):
                    blob.content.close()

    async def _check(self, packed: PackedBlob) -> VerifiedBlob:
        if packed.digest in self._upload.checks:
            return await asyncio.to_thread(check_blob, self._context, self._caller, self._upload, packed)
        return VerifiedBlob(digest=packed.digest, size=packed.size, content=packed.content, json=False)

    async def _add(self, blob: VerifiedBlob) -> None:
        """Take a blob; errors are those of the batch before."""
        self._coming.add(blob)
        if self._coming.is_full:
            await self._settle()
            self._written, self._coming = self._coming, _Batch()
            self._writing = asyncio.create_task(self._keep(self._written))

    async def _finish(self) -> PutOutcome:
        """Keep the last batch, and the bundle with it when nothing is missing."""
        await self._settle()
        return await asyncio.to_thread(
            finish_upload, self._context, self._caller, self._upload, self._coming.blobs
        )

    async def _salvage(self) -> None:
        """Keep what can be kept after a fault; the first one is what the caller hears of."""
        with contextlib.suppress(YoiError):
            await self._settle()
        with contextlib.suppress(YoiError):
            if self._coming.blobs:
                await self._keep(self._coming)

    async def _settle(self) -> None:
        """Wait for the batch that is being written; a thread goes on when whoever waits for it is cancelled."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None
            self._written.clear()

    async def _keep(self, batch: "_Batch") -> None:
        await asyncio.to_thread(stage_blobs, self._context, self._caller, self._upload, batch.blobs)


class _Batch:
    """Verified blobs on their way into one transaction."""

    def __init__(self) -> None:
        self.blobs: list[VerifiedBlob] = []
        self._bytes = 0

    def add(self, blob: VerifiedBlob) -> None:
        self.blobs.append(blob)
        self._bytes += blob.size

    @property
    def is_full(self) -> bool:
        return len(self.blobs) >= BATCH_BLOBS or self._bytes >= BATCH_BYTES

    def clear(self) -> None:
        for blob in self.blobs:
            if not isinstance(blob.content, bytes):
                blob.content.close()
        self.blobs.clear()
        self._bytes = 0
