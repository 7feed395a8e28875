"""P-01: cold sync of 5,000 blobs, 50 MB, over loopback REST, to a server process of its own.

At most 2.0 x writing the same blobs in SQLite transactions of 256. That program has no server, manifest or lease, knows all digests
before it is timed and hashes nothing; it is as durable as the store (WAL mode, `synchronous=FULL`, the checkpoints that SQLite makes
by itself, pages of 4 KiB) and writes in the order of the digests, as a sync does, which is the fastest that we found: rows in another
order and tables without row ids take longer, one statement for many rows the same time. Pages of 8 KiB
would make it 10 to 30 % faster; the store has pages of 4 KiB, too.

A sync is manifest, pack and assignment, from the first byte to the last answer, with a connection that is open already. Each
round has a new store on both sides; the rounds are interleaved, and medians compared. The fastest rounds are compared, too: on a machine
with other work to do a sync, which has work for two cores, is held up more than a program that has work for one. The growth from 50
to 20,000 blobs is printed beside it; a small sync is three requests with their durable commits.

    .venv/bin/python benchmarks/p01_cold_sync.py
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import apsw

from prompt_bundles import hold_texts
from served_runtime import CALLER, WORKSPACE, ServedRuntime, serve
from worker_runtime.sync.bundle_sync import sync_bundle
from yoi_bundle.digest import compute_digest

ALLOWED = 2.0
BLOBS = 5_000
BLOB_BYTES = 10_000
TRANSACTION = 256
ROUNDS = 5
GROWTH = (50, 500, 5_000, 20_000)
GROWTH_ROUNDS = 3


def make_texts(count: int) -> list[bytes]:
    """Return texts of random hexadecimal digits."""
    return [os.urandom(BLOB_BYTES // 2).hex().encode() for _ in range(count)]


async def sync(served: ServedRuntime, texts: Sequence[bytes]) -> float:
    """Sync a new bundle; return seconds."""
    source = hold_texts(WORKSPACE, texts)
    client = served.open_client()
    try:
        await client.get_runtime(CALLER)
        begun = time.perf_counter()
        report = await sync_bundle(client, CALLER, source, generation=1)
        taken = time.perf_counter() - begun
    finally:
        await client.close()
    assert len(report.sent_blobs) == len(texts)
    return taken


def write_bare(directory: Path, texts: Sequence[bytes]) -> float:
    """Write the blobs under digests that are known already; return seconds."""
    rows = sorted((compute_digest(text), text) for text in texts)
    connection = apsw.Connection(str(directory / "bare.sqlite"))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "FULL")
    connection.execute("CREATE TABLE blob (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, bytes BLOB)")
    begun = time.perf_counter()
    for start in range(0, len(rows), TRANSACTION):
        with connection:
            connection.executemany(
                "INSERT INTO blob (digest, bytes) VALUES (?, ?)", rows[start : start + TRANSACTION]
            )
    taken = time.perf_counter() - begun
    connection.close()
    return taken


def measure_round(texts: Sequence[bytes]) -> tuple[float, float]:
    """Return the seconds of one cold sync, and of the bare writing."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bare = write_bare(directory, texts)
        with serve(directory / "served") as served:
            ours = asyncio.run(sync(served, texts))
    return ours, bare


def measure(count: int, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of all rounds of both, those of one round at the same place."""
    taken = [measure_round(make_texts(count)) for _ in range(rounds)]
    return [ours for ours, _ in taken], [bare for _, bare in taken]


def main() -> None:
    all_ours, all_bare = measure(BLOBS, ROUNDS)
    ours, bare = statistics.median(all_ours), statistics.median(all_bare)
    paired = statistics.median(one / other for one, other in zip(all_ours, all_bare, strict=True))
    print(
        f"P-01 cold sync of {BLOBS} blobs, {BLOBS * BLOB_BYTES / 1e6:.0f} MB: {ours / bare:.2f} x writing them in SQLite "
        f"(at most {ALLOWED}); {ours:.3f} s against {bare:.3f} s; "
        f"median of the rounds' own ratios {paired:.2f} x, "
        f"fastest rounds {min(all_ours) / min(all_bare):.2f} x"
    )
    for count in GROWTH:
        ours, bare = (statistics.median(seconds) for seconds in measure(count, GROWTH_ROUNDS))
        print(
            f"     {count:>6} blobs: {ours / bare:5.2f} x, {ours / count * 1e6:5.0f} microseconds a blob "
            f"against {bare / count * 1e6:.0f}"
        )


if __name__ == "__main__":
    main()
