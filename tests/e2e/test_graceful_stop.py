"""SIGTERM while packs come in: what comes to its end is taken, the rest refused, nothing verified is lost (R-04, R-09)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from support.bundles.small_bundles import SmallBundle, build_many_prompts, build_small_bundle
from support.processes.served_process import ServedProcess, build_backend, wait_until
from worker_runtime.contract.bundles import ManifestBody, PutOutcome, StagedOutcome, StoredOutcome
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.sync.bundle_sync import BundleSource, sync_bundle
from worker_runtime.sync.transfer.pack import write_pack
from yoi_wire.errors import RuntimeUnavailableError

_BLOBS = 12


async def _put_pack(
    client: RemoteRuntime,
    bundle: SmallBundle,
    *,
    begun: asyncio.Event,
    may_end: Callable[[], bool],
) -> PutOutcome:
    """Put a bundle whose pack stops in its middle until it may end."""
    caller = build_backend(bundle.metadata.workspace)
    outcome = await client.put_bundle(
        caller, bundle.digest, bundle.metadata, ManifestBody(content=bundle.manifest)
    )
    assert isinstance(outcome, StagedOutcome)

    async def pieces() -> AsyncIterator[bytes]:
        content = b"".join([piece async for piece in write_pack(bundle.blobs.items())])
        yield content[: len(content) // 2]
        begun.set()
        await wait_until(may_end, "the pack may not end")
        yield content[len(content) // 2 :]

    return await client.put_pack(caller, outcome.lease.id, pieces())


@pytest.mark.req("R-04", "R-09")
def test_a_server_that_is_told_to_stop_ends_what_it_does(tmp_path: Path) -> None:
    ends = build_small_bundle("library", prompts=build_many_prompts(_BLOBS))
    hangs = build_small_bundle("museum", prompts=build_many_prompts(_BLOBS))

    async def run(served: ServedProcess) -> None:
        client = served.open_client()
        begun = [asyncio.Event(), asyncio.Event()]
        ending = asyncio.create_task(
            _put_pack(client, ends, begun=begun[0], may_end=lambda: '"stopping"' in served.log)
        )
        hanging = asyncio.create_task(_put_pack(client, hangs, begun=begun[1], may_end=lambda: False))
        for one in begun:
            await one.wait()
        assert await asyncio.to_thread(served.stop) == 0
        assert isinstance(await ending, StoredOutcome)
        with pytest.raises(RuntimeUnavailableError) as caught:
            await hanging
        assert caught.value.details() == {"reason": "closed"}
        assert caught.value.retry_after_seconds > 0
        assert '"stopped"' in served.log
        assert "Traceback" not in served.log

        served.start()
        await _verify_after_restart(client)
        await client.close()

    async def _verify_after_restart(client: RemoteRuntime) -> None:
        assert (await client.get_bundle_status(build_backend("library"), ends.digest)).verified

        async def read_blob(digest: str) -> bytes:
            return hangs.blobs[digest]

        source = BundleSource(metadata=hangs.metadata, manifest=hangs.manifest, read_blob=read_blob)
        report = await sync_bundle(client, build_backend("museum"), source, generation=1)
        assert 0 < len(report.sent_blobs) <= _BLOBS // 2 + 1

    with ServedProcess(tmp_path, workspaces=["library", "museum"]) as served:
        asyncio.run(run(served))
