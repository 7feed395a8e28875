"""Take a pack in: verify blob by blob as it comes, keep batch by batch (R-02, R-04)."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterable
from pathlib import Path

from worker_runtime.contract.bundles import PutOutcome, StoredOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.embedded.operations.receiving import ReceivingOperations, Upload
from worker_runtime.store.blobs import VerifiedBlob
from worker_runtime.sync.transfer.pack_reader import PackedBlob, read_pack
from yoi_bundle.errors import YoiError

BATCH_BLOBS = 256
BATCH_BYTES = 5 * 512 * 1024


async def take_pack(
    receiving: ReceivingOperations,
    caller: Caller,
    lease: str,
    pieces: AsyncIterable[bytes],
    spool_directory: Path,
) -> PutOutcome:
    """Keep the blobs of a pack; whatever was verified before a cut or a fault stays, and need not come again.

    A transaction is only begun once its whole batch is here, so none ever waits for the network; meanwhile the next
    batch comes.

    Raises:
        LeaseExpiredError: No such lease of the caller is in force.
        RequestInvalidError, DigestMismatchError: See `worker_runtime.sync.transfer.pack_reader.read_pack`.
        FaultyBundleError: The content of a blob is refused (B-10); the bundle is rejected and the lease over.
    """
    upload = await asyncio.to_thread(receiving.open_upload, caller, lease)
    if isinstance(upload, StoredOutcome):
        return upload
    keeping = _Keeping(receiving, caller, upload)
    try:
        reading = read_pack(pieces, upload.sizes, spool_directory=spool_directory, limits=receiving.limits)
        async with contextlib.aclosing(reading):
            async for packed in reading:
                await _add(keeping, receiving, caller, upload, deque(packed))
        return await keeping.finish()
    except BaseException:
        await keeping.salvage()
        raise
    finally:
        keeping.clear()


async def _add(
    keeping: "_Keeping",
    receiving: ReceivingOperations,
    caller: Caller,
    upload: Upload,
    packed: deque[PackedBlob],
) -> None:
    """Check and take blobs one by one; those that a fault leaves over are closed."""
    try:
        while packed:
            checked = await _check(receiving, caller, upload, packed[0])
            packed.popleft()
            await keeping.add(checked)
    finally:
        for blob in packed:
            if not isinstance(blob.content, bytes):
                blob.content.close()


async def _check(
    receiving: ReceivingOperations, caller: Caller, upload: Upload, packed: PackedBlob
) -> VerifiedBlob:
    if packed.digest in upload.checks:
        return await asyncio.to_thread(receiving.check_blob, caller, upload, packed)
    return VerifiedBlob(digest=packed.digest, size=packed.size, content=packed.content, json=False)


class _Keeping:
    """Writes one batch while the next one comes; so there are never more than two."""

    def __init__(self, receiving: ReceivingOperations, caller: Caller, upload: Upload) -> None:
        self._receiving = receiving
        self._caller = caller
        self._upload = upload
        self._coming = _Batch()
        self._written = _Batch()
        self._writing: asyncio.Task[None] | None = None

    async def add(self, blob: VerifiedBlob) -> None:
        """Take a blob; errors are those of the batch before."""
        self._coming.add(blob)
        if self._coming.is_full:
            await self._settle()
            self._written, self._coming = self._coming, _Batch()
            self._writing = asyncio.create_task(self._keep(self._written))

    async def finish(self) -> PutOutcome:
        """Keep the last batch, and the bundle with it when nothing is missing."""
        await self._settle()
        return await asyncio.to_thread(
            self._receiving.finish_upload, self._caller, self._upload, self._coming.blobs
        )

    async def salvage(self) -> None:
        """Keep what can be kept after a fault; the first one is what the caller hears of."""
        with contextlib.suppress(YoiError):
            await self._settle()
        with contextlib.suppress(YoiError):
            if self._coming.blobs:
                await self._keep(self._coming)

    def clear(self) -> None:
        """Close all files."""
        self._written.clear()
        self._coming.clear()

    async def _settle(self) -> None:
        """Wait for the batch that is being written; a thread goes on when whoever waits for it is cancelled."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None
            self._written.clear()

    async def _keep(self, batch: "_Batch") -> None:
        await asyncio.to_thread(self._receiving.stage_blobs, self._caller, self._upload, batch.blobs)


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
