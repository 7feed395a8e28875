"""P-06: resident memory of the server process while it receives a 500 MB pack: at most 48 MiB above idle.

Idle is the process after its start and one small sync. The peak is the kernel's own (`VmHWM`, reset before the pack), so
nothing falls between two looks. Two packs, each to a server of its own: many blobs that are held in memory as they come, and
few that go through a file. Linux only.

    .venv/bin/python benchmarks/p06_pack_memory.py
"""

import asyncio
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from prompt_bundles import build_source, hold_texts
from served_runtime import CALLER, WORKSPACE, ServedRuntime, serve
from worker_runtime.sync.bundle_sync import BundleSource, sync_bundle
from yoi_bundle.digest import compute_digest

ALLOWED_MIB = 48
PACK_BYTES = 500_000_000
SHAPES = (50_000, 1_000_000, 62_500_000)
"""Sizes of one blob in bytes."""

_RESET_PEAK = "5"


def make_blob(number: int, size: int) -> bytes:
    """Return the same random bytes for the same number."""
    return random.Random(number).randbytes(size)


def describe(size: int) -> Iterator[tuple[str, int]]:
    for number in range(PACK_BYTES // size):
        yield compute_digest(make_blob(number, size)), number


def make_large_source(size: int) -> BundleSource:
    """Return a bundle whose blobs are made again when they travel, so that this process stays small, too."""
    numbers = dict(describe(size))

    async def read_blob(digest: str) -> bytes:
        return make_blob(numbers[digest], size)

    return build_source(WORKSPACE, [(digest, size) for digest in numbers], read_blob, revision=2)


def read_status(pid: int, name: str) -> float:
    """Return a line of the process's status in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"this kernel does not say {name}")


def reset_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)


async def measure(served: ServedRuntime, size: int) -> tuple[float, float]:
    """Return resident MiB when idle, and at most while the pack came."""
    source = make_large_source(size)
    client = served.open_client()
    try:
        await sync_bundle(client, CALLER, hold_texts(WORKSPACE, [b"small\n"]), generation=1)
        idle = read_status(served.pid, "VmRSS")
        reset_peak(served.pid)
        await sync_bundle(client, CALLER, source, generation=2)
        return idle, read_status(served.pid, "VmHWM")
    finally:
        await client.close()


def main() -> None:
    if not Path("/proc/self/clear_refs").exists():
        print("P-06 not measured: this system has no /proc that says what a process holds")
        return
    print(
        f"P-06 resident memory while a pack of {PACK_BYTES // 1_000_000} MB comes in (at most {ALLOWED_MIB} MiB above idle)"
    )
    for size in SHAPES:
        with tempfile.TemporaryDirectory() as name, serve(Path(name) / "served") as served:
            idle, most = asyncio.run(measure(served, size))
        print(f"     {PACK_BYTES // size:>6} blobs: {most - idle:.1f} MiB above idle ({idle:.0f} MiB)")


if __name__ == "__main__":
    main()
