"""Server processes with many Runtimes, and what is asked of all of them together."""

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiohttp
import msgspec

from fleet_server import COUNTING_HOST, READY_LINE, Counted, ServerPlan
from worker_runtime.contract.caller import Caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.sync.bundle_sync import BundleSource, sync_bundle
from worker_runtime.trust.identity import Identity
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_wire.clock import SystemClock, format_instant

ServerKind = Literal["light", "stores"]
_START_SECONDS = 180.0
_FIRST = "first"


@dataclass(frozen=True)
class Member:
    """A Runtime of the fleet: its name, which is its Host, its id, and the socket that it is behind."""

    host: str
    runtime_id: str
    socket: str


@dataclass(frozen=True)
class Fleet:
    """Servers that listen.

    Attributes:
        members: What is measured.
        first: One more Runtime in each process, which is sent everything before the others.
        pids: Of the processes.
    """

    members: tuple[Member, ...]
    first: tuple[Member, ...]
    pids: tuple[int, ...]
    kind: ServerKind

    async def count(self) -> Counted:
        """Return what has come since the last call."""
        total = Counted()
        for path in sorted({member.socket for member in self.members}):
            connector = aiohttp.UnixConnector(path=path)
            async with (
                aiohttp.ClientSession(connector=connector) as session,
                session.get(f"http://{COUNTING_HOST}/") as response,
            ):
                one = msgspec.json.decode(await response.read(), type=Counted)
            total.requests += one.requests
            total.sent += one.sent
        return total

    def measure_processor_seconds(self) -> float:
        """Return the processor time that the servers have had."""
        ticks = 0
        for pid in self.pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / 100


@contextmanager
def serve_fleet(
    directory: Path,
    identities: Sequence[Identity],
    first: BundleSource,
    *,
    count: int,
    kind: ServerKind,
    processes: int,
) -> Iterator[Fleet]:
    """Serve Runtimes that hold the bundle `first` for each of the identities, until the block ends."""
    trust = directory / TRUST_FILE
    for identity in identities:
        TrustStore(trust).add(
            issuer=identity.issuer,
            public_key=identity.active.public_key,
            workspaces=(first.metadata.workspace,),
            added_at=format_instant(SystemClock().now()),
        )
    manifest = directory / "manifest"
    manifest.write_bytes(first.manifest)
    seed = directory / "seed"
    asyncio.run(_make_seed(seed, identities if kind == "stores" else (), first))
    plans = [
        ServerPlan(
            socket=str(directory / f"{place}.sock"),
            trust=str(trust),
            runtimes={
                host: secrets.token_hex(16)
                for host in (_FIRST, *(f"r{number:04}" for number in range(place, count, processes)))
            },
            kind=kind,
            seed=str(seed),
            manifest=str(manifest),
            directory=str(directory),
        )
        for place in range(min(processes, count))
    ]
    members = tuple(
        Member(host, own, plan.socket) for plan in plans for host, own in sorted(plan.runtimes.items())
    )
    servers: list[subprocess.Popen[bytes]] = []
    try:
        for place, plan in enumerate(plans):
            servers.append(_start(directory, place, plan))
        for server in servers:
            _wait_until_listening(server)
        yield Fleet(
            members=tuple(one for one in members if one.host != _FIRST),
            first=tuple(one for one in members if one.host == _FIRST),
            pids=tuple(server.pid for server in servers),
            kind=kind,
        )
    finally:
        for server in servers:
            server.kill()  # all that it has is in the directory that is deleted next
            server.wait()


async def _make_seed(seed: Path, identities: Sequence[Identity], first: BundleSource) -> None:
    runtime = EmbeddedRuntime(seed)
    await runtime.start()
    workspace = first.metadata.workspace
    for identity in identities:
        caller = Caller(
            kind="remote",
            issuer=identity.issuer,
            workspaces=frozenset({workspace}),
            scopes=frozenset({"runtime:read", "bundles:write"}),
        )
        await sync_bundle(runtime, caller, first, generation=1)
    runtime.close()


def _start(directory: Path, place: int, plan: ServerPlan) -> subprocess.Popen[bytes]:
    file = directory / f"{place}.plan"
    file.write_bytes(msgspec.json.encode(plan))
    program = Path(__file__).with_name("fleet_server.py")
    return subprocess.Popen([sys.executable, str(program), str(file)], stdout=subprocess.PIPE)


def _wait_until_listening(server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    assert server.stdout is not None
    line = server.stdout.readline()
    if line.strip() != READY_LINE.encode() or time.monotonic() > deadline:
        raise SystemExit("a server did not start")
