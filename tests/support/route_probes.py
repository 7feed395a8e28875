"""Probes of a REST surface: every route asked with what it does not know; `python -m support.route_probes` prints the table.

The answers follow from the declarations, so a route that is handled past the router would show here.
"""

import asyncio
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from support.hostile.raw_http import RawAnswer, ask
from yoi_wire.backend.audit import PruneRequest
from yoi_wire.backend.placements import PlacementPolicy
from yoi_wire.backend.revisions import ActivationRequest, RevocationRequest, RollbackRequest
from yoi_wire.backend.runtimes import RuntimeAddition, RuntimeChange
from yoi_wire.backend.tokens import TokenRequest
from yoi_wire.backend.workers import PreviewOrder, WorkerOrder
from yoi_wire.backend.workspaces import NewWorkspace, WorkspaceChange
from yoi_wire.operation import Operation
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput

_DIGEST = "sha256:" + "0" * 64
_WORKER = {"key": "k", "workspace": "library", "selector": "default"}


def list_samples() -> dict[Any, dict[str, Any]]:
    """Return a body that decodes, for every type of body."""
    from worker_runtime.contract.assignments import AssignmentRequest
    from worker_runtime.contract.workers import CreateWorkerRequest, PreviewRequest

    return {
        AssignmentRequest: {"digest": _DIGEST, "revision": 1, "generation": 1},
        PreviewRequest: {"workspace": "library", "request": {"selector": "default"}},
        CreateWorkerRequest: {"key": "k", "workspace": "library", "request": {"selector": "default"}},
        WorkerInput: {"text": "hello"},
        ApprovalDecision: {"verdict": "deny"},
        NewWorkspace: {"id": "library", "source": {"kind": "published"}},
        WorkspaceChange: {},
        ActivationRequest: {"revision": 1},
        RollbackRequest: {},
        RevocationRequest: {"digest": _DIGEST},
        PruneRequest: {"through": 1, "hash": "0" * 64},
        TokenRequest: {"name": "ann", "role": "viewer"},
        RuntimeAddition: {"name": "far", "audience": "far", "connection": {"url": "http://127.0.0.1:9"}},
        RuntimeChange: {},
        PlacementPolicy: {},
        WorkerOrder: _WORKER,
        PreviewOrder: {"workspace": "library", "runtime": "far"},
    }


class Probes(Struct, frozen=True, kw_only=True):
    """The statuses of one route; None for a probe that it has no place for."""

    method: str
    path: str
    unknown_query: int
    unknown_member: int | None
    head: int
    options: tuple[int, str]
    wrong_accept: int | None


def probe_routes(
    operations: Mapping[tuple[str, str], Operation[Any]],
    send: Callable[..., RawAnswer],
    names: Mapping[str, str],
) -> Iterator[Probes]:
    """Ask every route, as somebody who may.

    Args:
        operations: The routes.
        send: Sends method, path, headers and pieces of a body.
        names: What stands in place of the names in a path.
    """
    samples = list_samples()
    for (method, template), operation in operations.items():
        path = re.sub(r"\{(\w+)\}", lambda name: names.get(name[1], "x"), template)
        query = "&".join(f"{one.name}=1" for one in operation.query if one.required)
        yield Probes(
            method=method,
            path=template,
            unknown_query=send(method, f"{path}?{query}&no_such_word=1").status,
            unknown_member=None
            if operation.body is None
            else _send_unknown_member(send, method, path, samples[operation.body]),
            head=send("HEAD", f"{path}?{query}" if query else path).status,
            options=_read_options(send("OPTIONS", path)),
            wrong_accept=send(
                method, f"{path}?{query}" if query else path, headers={"Accept": "image/png"}
            ).status
            if operation.answer_media_types
            else None,
        )


def _send_unknown_member(
    send: Callable[..., RawAnswer], method: str, path: str, sample: dict[str, Any]
) -> int:
    body = msgspec.json.encode({**sample, "no_such_member": 1})
    answer = send(method, path, headers={"Content-Type": "application/json"}, pieces=(body,))
    assert "not of the form" in str(answer.problem), (path, answer.problem)
    return answer.status


def _read_options(answer: RawAnswer) -> tuple[int, str]:
    return answer.status, answer.headers.get("allow", "")


def format_table(rows: list[Probes]) -> str:
    """Return the probes as a Markdown table."""
    lines = [
        "| route | unknown query word | unknown body member | HEAD | OPTIONS | Accept: image/png |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (row.unknown_member, row.head, f"{row.options[0]} `{row.options[1]}`", row.wrong_accept)
        shown = " | ".join("–" if cell is None else str(cell) for cell in (row.unknown_query, *cells))
        lines.append(f"| `{row.method} {row.path}` | {shown} |")
    return "\n".join(lines)


def probe_runtime(directory: Path) -> list[Probes]:
    """Probe the Runtime's routes over a real socket, as its host's operator."""
    from support.runtime.rest_under_test import RestUnderTest
    from support.runtime.runtime_under_test import build_caller
    from worker_runtime.contract.operations import RUNTIME_OPERATIONS

    server = RestUnderTest(directory)
    signed = server.credentials.build_headers(build_caller(kind="remote"))

    def send(method: str, path: str, headers: Mapping[str, str] = {}, pieces: Any = ()) -> RawAnswer:
        answer: RawAnswer = server.run(
            ask(server.socket, method, path, headers={**signed, **headers}, pieces=pieces)
        )
        return answer

    try:
        return list(probe_routes(RUNTIME_OPERATIONS, send, {"workspace": "library", "digest": _DIGEST}))
    finally:
        server.close()


def probe_backend(directory: Path) -> list[Probes]:
    """Probe the Backend's routes over a real socket, as its first admin."""
    from support.backend.backend_rest import BackendRest
    from yoi_wire.backend.operations import BACKEND_OPERATIONS

    backend = BackendRest(directory)
    backend.add_workspace()
    worker = _reserve_worker(backend)

    def send(method: str, path: str, headers: Mapping[str, str] = {}, pieces: Any = ()) -> RawAnswer:
        proof = {"Authorization": f"Bearer {backend.admin}"}
        answer: RawAnswer = backend.run(
            ask(backend.socket, method, path, headers={**proof, **headers}, pieces=pieces)
        )
        return answer

    streams = {("GET", "/api/v1/events")}  # HEAD has no end to wait for either, but a plain GET has not
    operations = {key: one for key, one in BACKEND_OPERATIONS.items() if key not in streams}
    try:
        names = {"workspace": "library", "worker": worker, "digest": _DIGEST}
        return list(probe_routes(operations, send, names))
    finally:
        backend.close()


def _reserve_worker(backend: Any) -> str:
    """Put a Worker on record that no Runtime has made: to be seen is all that the routes ask of it first."""
    from yoi_wire.worker_requests import WorkerRequest
    from yoi_workspace_server.placed_workers import WorkerReservation

    new = WorkerReservation(
        id="w",
        workspace="library",
        key="k",
        fingerprint="f",
        runtime="far",
        audience="far",
        request=WorkerRequest(selector="default"),
    )
    reserved = backend.run(backend.services.store.workers.reserve_worker(new, now=backend.clock.now()))
    worker: str = reserved.id
    return worker


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        for name, probe in (("Runtime", probe_runtime), ("Backend", probe_backend)):
            rows = probe(Path(directory) / name)
            print(f"## {name}: {len(rows)} routes\n\n{format_table(rows)}\n")  # noqa: T201


if __name__ == "__main__":
    asyncio.set_event_loop_policy(None)
    main()
