"""The client process that is killed: syncs a bundle, and says down a pipe how far it has come."""

import asyncio
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from support.bundles.small_bundles import SmallBundle
from support.processes.served_process import build_backend, open_client
from worker_runtime.sync.bundle_sync import BundleSource, sync_bundle


def run_client(port: int, identity_file: Path, runtime_id: str, bundle: SmallBundle, pipe: Pipe) -> None:
    """Sync once, announcing every blob before it is read, and the end."""

    async def read_blob(digest: str) -> bytes:
        pipe.send(digest)
        return bundle.blobs[digest]

    async def run() -> None:
        client = open_client(port, identity_file, runtime_id)
        source = BundleSource(metadata=bundle.metadata, manifest=bundle.manifest, read_blob=read_blob)
        caller = build_backend(bundle.metadata.workspace)
        await sync_bundle(client, caller, source, generation=bundle.metadata.revision)
        await client.close()

    asyncio.run(run())
    pipe.send("done")
