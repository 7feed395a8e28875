"""P-02 and P-03: what small syncs cost on the wire, counted by a TCP proxy before a server process of its own.

P-02: a sync when nothing changed: 1 request, at most 1 KiB each way, headers included.
P-03: an edit of one line of a 4 KiB prompt in a workspace of 5,000 resources, base held: 3 requests, at most 16 KiB in all.

All bytes of HTTP/1.1 are counted, with signed tokens; those of TCP and IP are not.

    .venv/bin/python benchmarks/p02_p03_small_syncs.py
"""

import asyncio
import os
import tempfile
from pathlib import Path

from prompt_bundles import hold_texts
from served_runtime import CALLER, WORKSPACE, ServedRuntime, serve
from wire_counter import WireCounter
from worker_runtime.sync.bundle_sync import sync_bundle

RESOURCES = 5_000
PROMPT_BYTES = 4096
EDITED = RESOURCES // 2


def make_texts() -> list[bytes]:
    """Return small texts, and one of 4 KiB whose lines do not compress below half."""
    texts = [f"Prompt {number}.\n".encode() for number in range(RESOURCES)]
    lines = b"".join(os.urandom(31).hex().encode() + b"\n" for _ in range(PROMPT_BYTES // 63 + 1))
    texts[EDITED] = lines[:PROMPT_BYTES]
    return texts


def edit_line(text: bytes) -> bytes:
    """Change one line in the middle."""
    lines = text.splitlines(keepends=True)
    lines[len(lines) // 2] = b"This line is another one now.\n"
    return b"".join(lines)


async def measure(served: ServedRuntime) -> None:
    counter = WireCounter(served.port)
    await counter.start()
    client = served.open_client(counter.port)
    try:
        texts = make_texts()
        before = hold_texts(WORKSPACE, texts)
        await sync_bundle(client, CALLER, before, generation=1)
        counter.reset()
        await sync_bundle(client, CALLER, before, generation=1, likely_held=True)
        print(
            f"P-02 nothing changed: {counter.requests} request (at most 1), {counter.sent} bytes there and "
            f"{counter.received} back (at most 1024 each)"
        )
        texts[EDITED] = edit_line(texts[EDITED])
        after = hold_texts(WORKSPACE, texts, revision=2)
        counter.reset()
        report = await sync_bundle(client, CALLER, after, generation=2, base=before.manifest)
        assert len(report.sent_blobs) == 1
        print(
            f"P-03 one line of {RESOURCES} resources: {counter.requests} requests (at most 3), "
            f"{counter.sent + counter.received} bytes in all (at most {16 * 1024}), of {len(after.manifest)} of manifest"
        )
    finally:
        await client.close()
        await counter.stop()


def main() -> None:
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "served") as served:
        asyncio.run(measure(served))


if __name__ == "__main__":
    main()
