"""Thousands of uploads that are begun and never finished: what they hold is bounded, and others go on (R-06, R-09)."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import aiohttp
import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.processes.served_process import ISSUER, ServedProcess, wait_until
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.headers import MANIFEST_MEDIA_TYPE, METADATA_HEADER, format_header_json
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.store.retention import DEFAULT_RETENTION
from worker_runtime.sync.bundle_sync import BundleSource, sync_bundle
from worker_runtime.trust.identity import load_identity
from yoi_wire.clock import SystemClock

pytestmark = pytest.mark.req("R-06", "R-09")

_COUNTS = pytest.mark.parametrize("uploads", [1_000, pytest.param(10_000, marks=pytest.mark.soak)])
_AT_ONCE = 48
_MEBIBYTE = 1024 * 1024
_CALLER = Caller(kind="remote", issuer=ISSUER, workspaces=frozenset({"library"}))
_OTHER = Caller(kind="remote", issuer=ISSUER, workspaces=frozenset({"museum"}))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedProcess]:
    with ServedProcess(tmp_path, workspaces=("library", "museum"), anew=True) as process:
        yield process


def _sign(served: ServedProcess, caller: Caller) -> Mapping[str, str]:
    identity = load_identity(served.identity_file)
    credentials = SignedCredentials(identity, audience=served.runtime_id, clock=SystemClock())
    return credentials.build_headers(caller)


def _build(number: int, workspace: str = "library") -> SmallBundle:
    return build_small_bundle(workspace, prompts={"greeting": b"Text %d.\n" % number})


async def _put(session: aiohttp.ClientSession, number: int) -> tuple[int, str, str]:
    """Begin one upload; give back status, code, and the lease or what Retry-After says."""
    bundle = _build(number)
    headers = {
        "Content-Type": MANIFEST_MEDIA_TYPE,
        METADATA_HEADER: format_header_json(bundle.metadata),
    }
    path = f"/v1/config-bundles/{bundle.digest}"
    async with session.put(path, data=bundle.manifest, headers=headers) as response:
        problem = await response.json(content_type=None)
        told = problem["details"].get("lease") or response.headers.get("Retry-After", "")
        return response.status, problem["code"], told


async def _half_pack(served: ServedProcess, headers: Mapping[str, str], lease: str) -> None:
    """Begin a pack, and go away within it."""
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    lines = [
        f"POST /v1/leases/{lease}/pack HTTP/1.1",
        "Host: x",
        "Content-Type: application/x-tar",
        "Content-Length: 100000",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode() + bytes(100))
    await writer.drain()
    writer.close()


def _verify_bounded(served: ServedProcess, memory_bytes: int, files: set[str]) -> None:
    """Check that nothing is left but some memory, however many there were."""
    asyncio.run(wait_until(lambda: served.count_sockets() < _AT_ONCE, "connections stay open"))
    assert served.list_unnamed_files() == []
    assert served.list_files() == files
    assert served.measure_resident_bytes() - memory_bytes < 48 * _MEBIBYTE


async def _sync(served: ServedProcess, caller: Caller, bundle: SmallBundle, generation: int = 1) -> None:
    async def read_blob(digest: str) -> bytes:
        return bundle.blobs[digest]

    source = BundleSource(metadata=bundle.metadata, manifest=bundle.manifest, read_blob=read_blob)
    client = served.open_client()
    try:
        await sync_bundle(client, caller, source, generation=generation)
    finally:
        await client.close()


async def _begin_all(served: ServedProcess, uploads: int) -> list[tuple[int, str, str]]:
    headers = _sign(served, _CALLER)
    connector = aiohttp.TCPConnector(limit=_AT_ONCE)
    async with aiohttp.ClientSession(
        f"http://127.0.0.1:{served.port}", connector=connector, headers=headers
    ) as session:
        numbers = iter(range(uploads))
        answers: list[tuple[int, str, str]] = []

        async def work() -> None:
            for number in numbers:
                answers.append(await _put(session, number))

        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return answers


async def _begin_packs(served: ServedProcess, lease: str, uploads: int) -> None:
    headers = _sign(served, _CALLER)
    numbers = iter(range(uploads))

    async def work() -> None:
        for _ in numbers:
            await _half_pack(served, headers, lease)

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


@_COUNTS
def test_bundles_that_are_begun_hold_no_more_than_their_share(served: ServedProcess, uploads: int) -> None:
    asyncio.run(_sync(served, _OTHER, _build(-1, "museum")))
    memory, files = served.measure_resident_bytes(), served.list_files()
    answers = asyncio.run(_begin_all(served, uploads))
    seen = Counter((status, code) for status, code, _ in answers)
    most = DEFAULT_RETENTION.max_leases
    assert seen == {(409, "bundle.blobs_missing"): most, (503, "runtime.overloaded"): uploads - most}
    assert {told for status, _, told in answers if status == 503} == {
        str(DEFAULT_RETENTION.retry_after_seconds)
    }
    _verify_bounded(served, memory, files)
    asyncio.run(_sync(served, _OTHER, _build(-2, "museum"), generation=2))


@_COUNTS
def test_packs_that_are_begun_leave_nothing_behind(served: ServedProcess, uploads: int) -> None:
    bundle = _build(0)

    async def begin() -> str:
        connector = aiohttp.TCPConnector()
        url = f"http://127.0.0.1:{served.port}"
        async with aiohttp.ClientSession(url, connector=connector, headers=_sign(served, _CALLER)) as session:
            return (await _put(session, 0))[2]

    lease = asyncio.run(begin())
    memory, files = served.measure_resident_bytes(), served.list_files()
    asyncio.run(_begin_packs(served, lease, uploads))
    _verify_bounded(served, memory, files)
    asyncio.run(_sync(served, _CALLER, bundle))
