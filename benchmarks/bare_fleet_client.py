"""P-08's denominator: a client that sends the bytes of a sync to many Runtimes, and knows nothing else.

For each Runtime three requests, one after the other: the manifest's delta, the pack under the lease that the answer
names, the assignment. Everything that is sent has been made before it is timed, tokens included; of the answers only the
status is looked at, and the lease found in the first. Nothing is written down. Connections are shared by all Runtimes
behind a listener, and reused. It writes HTTP by hand: with aiohttp it took half as long again.

A process of its own: reads names of job files from its standard input, and writes what came of each as a line of JSON.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

_LEASE = re.compile(rb'"lease":\s*"([0-9a-f]+)"')
_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: *([0-9]+)\r\n")
_STAGED = 409
_TAKEN = (200, 201)


class BareTarget(msgspec.Struct, frozen=True):
    """A Runtime: the socket it is behind, its Host, and the token for it."""

    socket: str
    host: str
    token: str


class Step(msgspec.Struct, frozen=True):
    """A request.

    Attributes:
        head: Request line and headers but for Host and Authorization, each with its line end; `{lease}` in it stands
            for the lease.
    """

    head: bytes
    body: bytes


class BareJob(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of one sync, and where to.

    Attributes:
        concurrency: Runtimes at once.
    """

    targets: tuple[BareTarget, ...]
    steps: tuple[Step, ...]
    concurrency: int


class BareResult(msgspec.Struct, frozen=True, kw_only=True):
    """How long it took, in seconds."""

    seconds: float


class _Connection:
    """One connection to a listener, which asks one thing after the other; opened when it is first used."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Return status and body."""
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(self._socket)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None:
            raise SystemExit(f"an answer of unknown length: {head!r}")
        return int(head[9:12]), await reader.readexactly(int(length[1]))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


async def _run(job: BareJob) -> BareResult:
    begun = time.perf_counter()
    waiting = iter(job.targets)
    await asyncio.gather(*(_work(waiting, job.steps) for _ in range(job.concurrency)))
    return BareResult(seconds=time.perf_counter() - begun)


async def _work(waiting: Iterator[BareTarget], steps: Sequence[Step]) -> None:
    connections: dict[str, _Connection] = {}
    for target in waiting:
        connection = connections.setdefault(target.socket, _Connection(target.socket))
        lease = b""
        for step in steps:
            status, answer = await connection.ask(_write(step, target, lease))
            found = _LEASE.search(answer) if status == _STAGED else None
            lease = found[1] if found else b""
            if status not in _TAKEN and not lease:
                raise SystemExit(f"{target.host} answered {status}: {answer[:200]!r}")
    for connection in connections.values():
        connection.close()


def _write(step: Step, target: BareTarget, lease: bytes) -> bytes:
    head = step.head.replace(b"{lease}", lease)
    return b"%bHost: %b\r\nAuthorization: Bearer %b\r\n\r\n%b" % (
        head,
        target.host.encode(),
        target.token.encode(),
        step.body,
    )


def main() -> None:
    for line in sys.stdin:
        job = msgspec.msgpack.decode(Path(line.strip()).read_bytes(), type=BareJob)
        print(msgspec.json.encode(asyncio.run(_run(job))).decode(), flush=True)


if __name__ == "__main__":
    main()
