"""P-08: one Backend brings 1,000 Runtimes to a new digest, by the edit of P-03, beside a bare client.

At most 2.5 x the bare client that sends the same bytes to the same servers. The edit: one line of a 4 KiB prompt in a
workspace of 5,000 resources, of which every Runtime holds the former revision.

The Backend (`fleet_backend`) is timed from the activation of the new revision until its database says of every Runtime
that the Runtime itself has said to have it assigned. The bare client (`bare_fleet_client`) has its tokens signed and its
delta made beforehand, writes nothing down, shares connections among all Runtimes behind a listener and works at the best
concurrency of those tried in the first rounds, which do not count. The two are another issuer for the Runtimes, so that
both bring each of them the same bundle, in turns; the order changes from round to round.

The servers (`fleet_server`) are a few processes behind Unix sockets, with the product's REST surface, tokens and server;
Runtimes are told apart by Host. By default they are as light as can be (`light_runtime`): what a real Runtime spends on
such a bundle, a tenth of a second, is in both times alike, and would bring the ratio near to 1 whatever the Backend
does. Then the same is printed for a smaller fleet of real Runtimes with a store each. A fleet of some tens is brought
there in a few batches of the database, and says nothing.

    .venv/bin/python benchmarks/p08_fleet.py [--runtimes 1000] [--rounds 5] [--stores 100] [--processes 4]
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from bare_fleet_client import BareJob, BareResult, BareTarget, Step
from fleet import Fleet, Member, ServerKind, serve_fleet
from fleet_backend import FleetBackend, run_backend
from fleet_server import Counted
from p02_p03_small_syncs import EDITED, make_texts
from prompt_bundles import hold_texts
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.caller import ALL_SCOPES
from worker_runtime.contract.headers import (
    MANIFEST_MEDIA_TYPE,
    METADATA_HEADER,
    PACK_MEDIA_TYPE,
    format_header_json,
)
from worker_runtime.sync.bundle_sync import BundleSource
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from worker_runtime.sync.transfer.pack import write_pack
from worker_runtime.trust.identity import Identity, create_identity
from worker_runtime.trust.tokens import issue_token
from yoi_bundle.manifest import Manifest
from yoi_wire.clock import SystemClock
from yoi_workspace_server.registry.dialer import SUBJECT
from yoi_workspace_server.revisions import Revision

ALLOWED = 2.5
WORKSPACE = "bench"
CONCURRENCIES: Final[Mapping[ServerKind, tuple[int, ...]]] = {"light": (32, 64, 128), "stores": (64,)}
"""Tried by the bare client; with stores it makes no difference, for the servers are busy all the time."""

_TOKEN_ID_BYTES = 16


@dataclass(frozen=True)
class Round:
    """One edit on both sides: seconds, what was sent, and the processor time of the servers in seconds."""

    ours: float
    bare: float
    our_count: Counted
    bare_count: Counted
    our_servers: float
    bare_servers: float
    our_processor: float


@dataclass(frozen=True)
class Edit:
    """A new revision, and the one before it."""

    before: BundleSource
    after: BundleSource


class BareClient:
    """The process of the bare client."""

    def __init__(self, directory: Path, identity: Identity) -> None:
        self._file = directory / "job"
        self._identity = identity
        program = Path(__file__).with_name("bare_fleet_client.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    async def run(
        self, edit: Edit, revision: Revision, members: Sequence[Member], *, concurrency: int
    ) -> float:
        """Bring Runtimes the bytes that the Backend sends; return seconds."""
        job = BareJob(
            targets=tuple(BareTarget(one.socket, one.host, self._sign(one.runtime_id)) for one in members),
            steps=await _build_steps(edit, revision),
            concurrency=concurrency,
        )
        self._file.write_bytes(msgspec.msgpack.encode(job))
        return await asyncio.to_thread(self._ask)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _ask(self) -> float:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{self._file}\n".encode())
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the bare client failed")
        return msgspec.json.decode(line, type=BareResult).seconds

    def _sign(self, runtime_id: str) -> str:
        return issue_token(
            self._identity,
            audience=runtime_id,
            scopes=ALL_SCOPES,
            workspaces=(WORKSPACE,),
            now=SystemClock().now(),
            token_id=os.urandom(_TOKEN_ID_BYTES).hex(),
            subject=SUBJECT,
        )


async def _build_steps(edit: Edit, revision: Revision) -> tuple[Step, ...]:
    """Return the three requests of a sync, as `worker_runtime.remote` would send them."""
    digest = revision.digest
    [blob] = _list_prompts(edit.after) - _list_prompts(edit.before)
    pack = b"".join([piece async for piece in write_pack([(blob, await edit.after.read_blob(blob))])])
    delta = encode_manifest(edit.after.manifest, "dcz", base=edit.before.manifest)
    # The generation of its own issuer grows with the revisions.
    assigned = AssignmentRequest(digest=digest, revision=revision.revision, generation=revision.revision + 10)
    manifest_headers = {
        "Content-Type": MANIFEST_MEDIA_TYPE,
        METADATA_HEADER: format_header_json(revision.metadata),
        "Content-Encoding": delta.encoding,
    }
    document_headers = {"Content-Type": "application/json"}
    return (
        _write_step(f"PUT /v1/config-bundles/{digest}", manifest_headers, delta.content),
        _write_step("POST /v1/leases/{lease}/pack", {"Content-Type": PACK_MEDIA_TYPE}, pack),
        _write_step(f"PUT /v1/assignments/{WORKSPACE}", document_headers, msgspec.json.encode(assigned)),
    )


def _write_step(request: str, headers: Mapping[str, str], body: bytes) -> Step:
    every = {"User-Agent": "yoi", **headers, "Content-Length": str(len(body))}
    lines = [f"{request} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items()), ""]
    return Step("\r\n".join(lines).encode(), body)


def _list_prompts(source: BundleSource) -> set[str]:
    manifest = msgspec.json.decode(source.manifest, type=Manifest)
    return {one.content.digest for one in manifest.prompts.values()}


class Edits:
    """Makes one edit after the other."""

    def __init__(self) -> None:
        self._texts = make_texts()
        self._revision = 1
        self.latest = hold_texts(WORKSPACE, self._texts)

    def make(self) -> Edit:
        """Write another line in the middle of the prompt of 4 KiB."""
        lines = self._texts[EDITED].splitlines(keepends=True)
        self._revision += 1
        lines[len(lines) // 2] = f"This line is another one now, the {self._revision:4}th.\n".encode()
        self._texts[EDITED] = b"".join(lines)
        before, self.latest = self.latest, hold_texts(WORKSPACE, self._texts, revision=self._revision)
        return Edit(before, self.latest)


async def _measure_round(
    fleet: Fleet, backend: FleetBackend, bare: BareClient, edit: Edit, *, concurrency: int, ours_first: bool
) -> Round:
    revision = await backend.publish(edit.after)
    await bare.run(edit, revision, fleet.first, concurrency=1)
    taken: dict[str, tuple[float, Counted, float, float]] = {}
    for side in ("ours", "bare") if ours_first else ("bare", "ours"):
        await fleet.count()
        servers, own = fleet.measure_processor_seconds(), time.process_time()
        if side == "ours":
            seconds = await backend.activate(revision)
        else:
            seconds = await bare.run(edit, revision, fleet.members, concurrency=concurrency)
        servers, own = fleet.measure_processor_seconds() - servers, time.process_time() - own
        taken[side] = (seconds, await fleet.count(), servers, own)
    ours, theirs = taken["ours"], taken["bare"]
    return Round(
        ours=ours[0],
        bare=theirs[0],
        our_count=ours[1],
        bare_count=theirs[1],
        our_servers=ours[2],
        bare_servers=theirs[2],
        our_processor=ours[3],
    )


async def _measure(
    directory: Path,
    fleet: Fleet,
    identities: Sequence[Identity],
    edits: Edits,
    rounds: int,
) -> None:
    ours, theirs = identities
    bare = BareClient(directory, theirs)
    try:
        async with run_backend(directory, ours, WORKSPACE) as backend:
            begun = time.perf_counter()
            await backend.start(fleet, edits.latest)
            print(
                f"     {len(fleet.members)} Runtimes registered and brought to the first revision in "
                f"{time.perf_counter() - begun:.1f} s"
            )
            best = await _find_concurrency(fleet, backend, bare, edits)
            measured = []
            for number in range(rounds):
                one = await _measure_round(
                    fleet, backend, bare, edits.make(), concurrency=best, ours_first=number % 2 == 0
                )
                measured.append(one)
                _print_round(one, len(fleet.members))
            _print_figure(measured, len(fleet.members), best)
            await _print_steady_state(fleet, backend)
    finally:
        bare.close()


async def _find_concurrency(fleet: Fleet, backend: FleetBackend, bare: BareClient, edits: Edits) -> int:
    """Return the concurrency at which the bare client is fastest; the Backend takes part, so as to hold what it holds."""
    seconds: dict[int, float] = {}
    for concurrency in CONCURRENCIES[fleet.kind]:
        one = await _measure_round(
            fleet, backend, bare, edits.make(), concurrency=concurrency, ours_first=True
        )
        seconds[concurrency] = one.bare
    return min(seconds, key=seconds.__getitem__)


def _print_round(one: Round, count: int) -> None:
    print(
        f"     {one.ours / one.bare:.2f} x: {one.ours:.2f} s against {one.bare:.2f} s; "
        f"{one.our_count.requests / count:.2f} against {one.bare_count.requests / count:.2f} requests a Runtime, "
        f"{one.our_count.sent / count:.0f} against {one.bare_count.sent / count:.0f} bytes sent; processor: "
        f"Backend {one.our_processor:.2f} s, servers {one.our_servers:.2f} s against {one.bare_servers:.2f} s"
    )


def _print_figure(rounds: Sequence[Round], count: int, concurrency: int) -> None:
    ratios = [one.ours / one.bare for one in rounds]
    requests = {one.our_count.requests for one in rounds}
    print(
        f"P-08 {count} Runtimes brought to a new digest: {statistics.median(ratios):.2f} x a bare client "
        f"(at most {ALLOWED}), {min(ratios):.2f} to {max(ratios):.2f} in {len(rounds)} rounds; "
        f"{statistics.median(one.ours for one in rounds):.2f} s against "
        f"{statistics.median(one.bare for one in rounds):.2f} s at concurrency {concurrency}; "
        f"{max(requests) / count:.2f} requests a Runtime (3); {_read_resident_bytes() / 2**20:.0f} MiB resident"
    )


async def _print_steady_state(fleet: Fleet, backend: FleetBackend) -> None:
    await backend.confirm()  # also asks, once, what each Runtime stores
    await fleet.count()
    seconds = await backend.confirm()
    counted = await fleet.count()
    count = len(fleet.members)
    print(
        f"     nothing changed: {counted.requests} requests for {count} Runtimes, "
        f"{counted.sent / count:.0f} bytes sent to each, {seconds:.2f} s"
    )


def _read_resident_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def measure_fleet(kind: ServerKind, *, count: int, rounds: int, processes: int) -> None:
    """Print the figure for one kind of servers."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        identities = [
            create_identity(directory / f"{issuer}.json", issuer=issuer) for issuer in ("fleet-a", "fleet-b")
        ]
        edits = Edits()
        with serve_fleet(
            directory, identities, edits.latest, count=count, kind=kind, processes=processes
        ) as fleet:
            print(f"{count} Runtimes, servers: {kind}")
            asyncio.run(_measure(directory, fleet, identities, edits, rounds))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtimes", type=int, default=1000, help="light Runtimes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stores", type=int, default=100, help="Runtimes with a store each")
    parser.add_argument("--store-rounds", type=int, default=2)
    parser.add_argument("--processes", type=int, default=4, help="of servers")
    asked = parser.parse_args()
    if asked.runtimes:
        measure_fleet("light", count=asked.runtimes, rounds=asked.rounds, processes=asked.processes)
    if asked.stores:
        measure_fleet("stores", count=asked.stores, rounds=asked.store_rounds, processes=asked.processes)


if __name__ == "__main__":
    main()
