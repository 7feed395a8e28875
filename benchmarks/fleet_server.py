"""A server process with many Runtimes behind one Unix socket, told apart by Host: the product's REST surface, on granian.

One application serves them all: whom the Host names decides whose id a token has to be for, and what answers. Its
bounds on requests and packs at once are those of many servers. A request to the Host `count` answers how many requests,
and bytes of them, have come since the last such question.

    .venv/bin/python benchmarks/fleet_server.py PLAN
"""

import asyncio
import shutil
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

import apsw
import msgspec

from light_runtime import LightContents, LightRuntime
from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import build_local_caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.event_log import LOG
from worker_runtime.rest.app import build_app
from worker_runtime.rest.authentication import TokenAuthenticator
from worker_runtime.rest.services import Services
from worker_runtime.store.files import DATABASE_NAME
from worker_runtime.trust.trust_store import TrustStore
from yoi_bundle.digest import compute_digest
from yoi_wire.clock import SystemClock
from yoi_wire.readiness import Readiness
from yoi_wire.server.http_state import HttpLimits, HttpState
from yoi_wire.server.metrics import Metrics
from yoi_wire.server.middleware import Asgi
from yoi_wire.server.server import HttpServer, ListenAddress

COUNTING_HOST = "count"
READY_LINE = "listening"
_MANY = 100_000


class ServerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a server process is to be.

    Attributes:
        socket: Where it listens.
        trust: File of trusted keys.
        runtimes: Host → id of the Runtime.
        kind: `light`: see `light_runtime`. `stores`: embedded Runtimes, each on a copy of the store `seed`.
        seed: Data directory of a Runtime that holds the first bundle.
        manifest: File of the first bundle's manifest.
        directory: Where copies of stores go.
    """

    socket: str
    trust: str
    runtimes: dict[str, str]
    kind: Literal["light", "stores"]
    seed: str
    manifest: str
    directory: str


class Counted(msgspec.Struct):
    """Requests that came; bytes of request lines, headers and bodies, without the framing of chunks."""

    requests: int = 0
    sent: int = 0


_asked: ContextVar[str] = ContextVar("asked")


class _Fleet:
    """Passes each operation on to the Runtime that the request's Host names."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def __getattr__(self, name: str) -> Any:
        return getattr(self._members[_asked.get()], name)


class _Front:
    """Reads the Host, and counts."""

    def __init__(self, inner: Asgi) -> None:
        self._inner = inner
        self._counted = Counted()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = scope["headers"]
        host = next(value for name, value in headers if name == b"host").decode()
        if host == COUNTING_HOST:
            await self._answer_count(send)
            return
        _asked.set(host)
        self._counted.requests += 1
        self._counted.sent += len(f"{scope['method']} {scope['path']} HTTP/1.1\r\n\r\n")
        self._counted.sent += sum(len(name) + len(value) + 4 for name, value in headers)

        async def count() -> Any:
            message = await receive()
            self._counted.sent += len(message.get("body", b""))
            return message

        await self._inner(scope, count, send)

    async def _answer_count(self, send: Any) -> None:
        body = msgspec.json.encode(self._counted)
        self._counted = Counted()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body, "more_body": False})


async def _build_members(
    plan: ServerPlan, manifest: bytes
) -> dict[str, LightRuntime] | dict[str, EmbeddedRuntime]:
    if plan.kind == "stores":
        return {host: await _copy_store(plan, own) for host, own in plan.runtimes.items()}
    seed = EmbeddedRuntime(Path(plan.seed))
    info = await seed.get_runtime(build_local_caller())
    seed.close()
    contents = LightContents(manifest, compute_digest(manifest))
    return {
        host: LightRuntime(msgspec.structs.replace(info, id=own), contents)
        for host, own in plan.runtimes.items()
    }


async def _copy_store(plan: ServerPlan, own: str) -> EmbeddedRuntime:
    directory = Path(plan.directory) / own
    directory.mkdir()
    shutil.copyfile(Path(plan.seed) / DATABASE_NAME, directory / DATABASE_NAME)
    connection = apsw.Connection(str(directory / DATABASE_NAME))
    connection.execute("REPLACE INTO runtime (number, id) VALUES (1, ?)", (own,))
    connection.close()
    runtime = EmbeddedRuntime(directory)
    await runtime.start()
    return runtime


async def _serve(plan: ServerPlan, manifest: bytes) -> None:
    members = await _build_members(plan, manifest)

    async def find_audience() -> str:
        return plan.runtimes[_asked.get()]

    async def check_readiness() -> Readiness:
        return Readiness(ready=True)

    services = Services(
        http=HttpState(
            check_readiness,
            metrics=Metrics("runtime"),
            log=LOG,
            limits=replace(HttpLimits(), concurrent_requests=_MANY, concurrent_packs=_MANY),
        ),
        runtime=cast(RuntimeApi, _Fleet(members)),
        authenticator=TokenAuthenticator(
            TrustStore(Path(plan.trust)), get_audience=find_audience, clock=SystemClock()
        ),
    )
    server = HttpServer(_Front(build_app(services)), ListenAddress(socket=Path(plan.socket)))
    await server.start()
    print(READY_LINE, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=ServerPlan)
    asyncio.run(_serve(plan, Path(plan.manifest).read_bytes()))


if __name__ == "__main__":
    main()
