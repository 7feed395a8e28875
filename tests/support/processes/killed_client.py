"""The client process that is killed: syncs a bundle, and waits at one of its blobs for that."""

import asyncio
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from support.bundles.small_bundles import SmallBundle
from support.processes.served_process import build_backend, open_client
from worker_runtime.sync.bundle_sync import BundleSource, sync_bundle


def run_client(
    port: int, identity_file: Path, runtime_id: str, bundle: SmallBundle, stop_at: int, pipe: Pipe
) -> None:
    """Sync as far as the blob of this number, say so, and go no further."""
    read = 0

    async def read_blob(digest: str) -> bytes:
        nonlocal read
        read += 1
        if read == stop_at:
            pipe.send(digest)
            await asyncio.Event().wait()
        return bundle.blobs[digest]

    async def run() -> None:
        client = open_client(port, identity_file, runtime_id)
        source = BundleSource(metadata=bundle.metadata, manifest=bundle.manifest, read_blob=read_blob)
        caller = build_backend(bundle.metadata.workspace)
        await sync_bundle(client, caller, source, generation=bundle.metadata.revision)
        await client.close()

    asyncio.run(run())
