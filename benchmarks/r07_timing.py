"""R-07: whether the time of an answer tells what another workspace holds.

No figure of the specification: an honest look. Two classes of questions are asked in turn of one server process, in random
order, by a caller of another workspace: about what `bench` holds, and about what nobody holds. Printed are the medians, their
ratio, the overlap of the two distributions (100 % where no threshold tells the classes apart better than a coin), and the same
for a class split at random, which shows what noise alone gives.

    .venv/bin/python benchmarks/r07_timing.py
"""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from prompt_bundles import hold_texts
from served_runtime import CALLER, ISSUER, WORKSPACE, serve
from worker_runtime.contract.bundles import ManifestBody, StagedOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.sync.bundle_sync import BundleSource, sync_bundle
from worker_runtime.sync.transfer.pack import write_pack
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_wire.errors import BundleMissingError

STRANGER = Caller(kind="remote", issuer=ISSUER, workspaces=frozenset({"stranger"}))
BLOBS = 50
ROUNDS = 400
PACK_ROUNDS = 100
WARM_UP = 10
MILLISECOND = 1000.0

Ask = Callable[[int, int], Awaitable[float]]


def make_texts(name: str) -> list[bytes]:
    return [f"{name} {number:04d}\n".encode() for number in range(BLOBS)]


def make_bundle(workspace: str, name: str) -> BundleSource:
    return hold_texts(workspace, make_texts(name))


class Questions:
    """What the stranger asks; `held` is 1 for what `bench` holds and 0 for what nobody holds. Each returns its milliseconds."""

    def __init__(self, client: RemoteRuntime) -> None:
        self._client = client
        self._held = make_bundle(WORKSPACE, "text")
        self._digests = (make_bundle(WORKSPACE, "none").metadata.digest, self._held.metadata.digest)

    async def prepare(self) -> None:
        """Let `bench` hold everything that is asked about."""
        await sync_bundle(self._client, CALLER, self._held, generation=1)
        names = [f"pack {turn}" for turn in range(PACK_ROUNDS + WARM_UP)]
        packs = hold_texts(WORKSPACE, [text for name in names for text in make_texts(name)])
        await sync_bundle(self._client, CALLER, packs, generation=2)

    async def status(self, turn: int, held: int) -> float:
        del turn
        return await time_refusal(self._client.get_bundle_status(STRANGER, self._digests[held]))

    async def get(self, turn: int, held: int) -> float:
        del turn
        return await time_refusal(self._client.get_bundle(STRANGER, self._digests[held]))

    async def put(self, turn: int, held: int) -> float:
        """Put a manifest whose blobs another workspace holds, or nobody; the missing list is the answer."""
        del turn
        return (await self._stage(make_bundle("stranger", "text" if held else "none")))[0]

    async def pack(self, turn: int, held: int) -> float:
        """Send such blobs, which were never sent before."""
        mine = make_bundle("stranger", f"{'pack' if held else 'none'} {turn}")
        _, staged = await self._stage(mine)
        pack = write_pack([(digest, await mine.read_blob(digest)) for digest in staged.missing])
        started = time.perf_counter()
        await self._client.put_pack(STRANGER, staged.lease.id, pack)
        elapsed = (time.perf_counter() - started) * MILLISECOND
        await self._client.delete_bundle(STRANGER, mine.metadata.digest)
        return elapsed

    async def _stage(self, mine: BundleSource) -> tuple[float, StagedOutcome]:
        body = ManifestBody(content=mine.manifest)
        started = time.perf_counter()
        outcome = await self._client.put_bundle(STRANGER, mine.metadata.digest, mine.metadata, body)
        elapsed = (time.perf_counter() - started) * MILLISECOND
        assert isinstance(outcome, StagedOutcome)
        assert len(outcome.missing) == BLOBS
        return elapsed, outcome


async def time_refusal(question: Awaitable[object]) -> float:
    started = time.perf_counter()
    try:
        await question
    except BundleMissingError:
        return (time.perf_counter() - started) * MILLISECOND
    raise AssertionError("it was answered")


async def time_classes(ask: Ask, rounds: int) -> tuple[list[float], list[float]]:
    """Ask both classes `rounds` times each, in random pairs; return milliseconds for nobody's and for another's."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + WARM_UP):
        for held in random.sample((0, 1), 2):
            elapsed = await ask(turn, held)
            if turn >= WARM_UP:
                times[held].append(elapsed)
    return times


def compute_overlap(first: list[float], second: list[float]) -> float:
    """Return 1 minus the best advantage that any threshold gives over a coin (the Kolmogorov–Smirnov distance)."""
    both = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    seen = [0, 0]
    widest = 0.0
    for _, which in both:
        seen[which] += 1
        widest = max(widest, abs(seen[0] / len(first) - seen[1] / len(second)))
    return 1 - widest


def report(name: str, nobodys: list[float], anothers: list[float]) -> None:
    mixed = random.sample(nobodys + anothers, len(nobodys) + len(anothers))
    half = len(mixed) // 2
    ratio = statistics.median(anothers) / statistics.median(nobodys)
    print(
        f"R-07 {name}: held by nobody {statistics.median(nobodys):.3f} ms, by another workspace "
        f"{statistics.median(anothers):.3f} ms, ratio {ratio:.3f}, overlap {compute_overlap(nobodys, anothers):.0%} "
        f"(split at random {compute_overlap(mixed[:half], mixed[half:]):.0%}), {len(nobodys)} of each"
    )


async def measure(client: RemoteRuntime) -> None:
    questions = Questions(client)
    try:
        await questions.prepare()
        for name, ask, rounds in (
            ("status", questions.status, ROUNDS),
            ("GET", questions.get, ROUNDS),
            ("PUT", questions.put, ROUNDS),
            ("pack", questions.pack, PACK_ROUNDS),
        ):
            report(name, *await time_classes(ask, rounds))
    finally:
        await client.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "served") as served:
        TrustStore(Path(name) / "served" / "data" / TRUST_FILE).add(
            issuer=ISSUER,
            public_key=served.identity.active.public_key,
            workspaces=(WORKSPACE, "stranger"),
            added_at="2026-01-31T12:00:00Z",
        )
        asyncio.run(measure(served.open_client()))


if __name__ == "__main__":
    main()
