"""P-08's denominator: a client that sends the bytes of a sync to many Runtimes, and knows nothing else.

For each Runtime three requests, one after the other: the manifest's delta, the pack under the lease that the answer
names, the assignment. Everything that is sent has been made before it is timed, tokens included; of the answers only the
status is looked at, and the lease found in the first. Nothing is written down. Connections are shared by all Runtimes
behind a listener, and reused.

A process of its own: reads names of job files from its standard input, and writes what came of each as a line of JSON.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import msgspec

_LEASE = re.compile(rb'"lease":\s*"([0-9a-f]+)"')


class BareTarget(msgspec.Struct, frozen=True):
    """A Runtime: the socket it is behind, its Host, and the token for it."""

    socket: str
    host: str
    token: str


class BareJob(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of one sync, and where to.

    Attributes:
        steps: Method, path, headers and body of each request; `{lease}` in a path stands for the lease.
        concurrency: Runtimes at once.
    """

    targets: tuple[BareTarget, ...]
    steps: tuple[tuple[str, str, dict[str, str], bytes], ...]
    concurrency: int


class BareResult(msgspec.Struct, frozen=True, kw_only=True):
    """How long it took, in seconds."""

    seconds: float


async def _run(job: BareJob) -> BareResult:
    sessions = {
        path: aiohttp.ClientSession(
            "http://fleet",
            connector=aiohttp.UnixConnector(path=path, limit=0),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        for path in {target.socket for target in job.targets}
    }
    begun = time.perf_counter()
    waiting = iter(job.targets)
    await asyncio.gather(*(_work(waiting, sessions, job) for _ in range(job.concurrency)))
    seconds = time.perf_counter() - begun
    for session in sessions.values():
        await session.close()
    return BareResult(seconds=seconds)


async def _work(
    waiting: Iterator[BareTarget], sessions: dict[str, aiohttp.ClientSession], job: BareJob
) -> None:
    for target in waiting:
        session = sessions[target.socket]
        own = {"Host": target.host, "Authorization": f"Bearer {target.token}"}
        lease = ""
        for method, path, headers, body in job.steps:
            where = path.replace("{lease}", lease)
            async with session.request(method, where, headers={**own, **headers}, data=body) as response:
                answer = await response.read()
            if response.status == 409:
                found = _LEASE.search(answer)
                lease = found[1].decode() if found else ""
            if response.status not in (200, 201) and not lease:
                raise SystemExit(f"{target.host} answered {response.status}: {answer[:200]!r}")


def main() -> None:
    for line in sys.stdin:
        job = msgspec.msgpack.decode(Path(line.strip()).read_bytes(), type=BareJob)
        print(msgspec.json.encode(asyncio.run(_run(job))).decode(), flush=True)


if __name__ == "__main__":
    main()
