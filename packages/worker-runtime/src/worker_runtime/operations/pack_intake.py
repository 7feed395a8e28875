"""Take a pack in: verify blob by blob as it comes, keep batch by batch (R-02, R-04)."""

import asyncio
import contextlib
from collections.abc import AsyncIterable
from pathlib import Path

from worker_runtime.bundles import PutOutcome, StoredOutcome
from worker_runtime.caller import Caller
from worker_runtime.operations.receiving import ReceivingOperations, Upload
from worker_runtime.store.blobs import VerifiedBlob
from worker_runtime.transfer.pack import PackedBlob, read_pack
from yoi_bundle.errors import YoiError

BATCH_BLOBS = 256
BATCH_BYTES = 4 * 1024 * 1024


async def take_pack(
    receiving: ReceivingOperations,
    caller: Caller,
    lease: str,
    pieces: AsyncIterable[bytes],
    spool_directory: Path,
) -> PutOutcome:
    """Keep the blobs of a pack; whatever was verified before a cut or a fault stays, and need not come again.

    A transaction is only begun once its whole batch is here, so none ever waits for the network.

    Raises:
        LeaseExpiredError: No such lease of the caller is in force.
        RequestInvalidError, DigestMismatchError: See `worker_runtime.transfer.pack.read_pack`.
        BundleInvalidError: A free-JSON blob is faulty; the bundle is rejected and the lease over.
    """
    upload = await asyncio.to_thread(receiving.open_upload, caller, lease)
    if isinstance(upload, StoredOutcome):
        return upload
    batch = _Batch()
    try:
        async for packed in read_pack(
            pieces, upload.sizes, spool_directory=spool_directory, limits=receiving.limits
        ):
            batch.add(await _check(receiving, caller, upload, packed))
            if batch.is_full:
                await _keep(receiving, caller, upload, batch)
        return await asyncio.to_thread(receiving.finish_upload, caller, upload, batch.blobs)
    except BaseException:
        # The first fault is what the caller hears of, also when nothing can be kept any more.
        with contextlib.suppress(YoiError):
            if batch.blobs:
                await _keep(receiving, caller, upload, batch)
        raise
    finally:
        batch.clear()


async def _check(
    receiving: ReceivingOperations, caller: Caller, upload: Upload, packed: PackedBlob
) -> VerifiedBlob:
    if packed.digest in upload.json_blobs:
        return await asyncio.to_thread(receiving.check_json, caller, upload, packed)
    return VerifiedBlob(digest=packed.digest, size=packed.size, content=packed.content, json=False)


async def _keep(receiving: ReceivingOperations, caller: Caller, upload: Upload, batch: "_Batch") -> None:
    await asyncio.to_thread(receiving.stage_blobs, caller, upload, batch.blobs)
    batch.clear()


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
