"""A call of each of the Backend's operations, with private texts in whatever is sent (K-07)."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from support.backend.backend_rest import archive_bundle
from support.backend.canary_backend import CanaryBackend
from support.bundles.small_bundles import build_small_bundle
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE

Make = Callable[[CanaryBackend], Any]
_WORKSPACE = "/api/v1/workspaces/{workspace}"
_RUNTIME = "/api/v1/runtimes/{runtime}"
_WORKER = "/api/v1/workers/{worker}"


class Call(Struct, frozen=True, kw_only=True):
    """How an operation is asked.

    Attributes:
        query: Ways to end the path.
        over: Values of the template, beside those of the Backend, each for a call of its own.
        documents: Make JSON bodies, each for a call of its own.
        archive: Whether a bundle is sent.
        streamed: Whether the answer is also asked for as a stream.
        last: Order among the operations; what ends things comes after what needs them.
    """

    query: tuple[str, ...] = ("",)
    over: tuple[dict[str, str], ...] = ({},)
    documents: tuple[Make, ...] = (lambda _: None,)
    archive: bool = False
    streamed: bool = False
    last: int = 0


_ANY_RUNTIME = tuple({"runtime": name} for name in ("here", "far", "gone", "hostile", "none"))
_SPARE = ({"workspace": "spare"},)


def _connect(stage: CanaryBackend) -> dict[str, str]:
    planted = stage.planted
    return {
        "url": f"http://{planted['RuntimeConnection.url']}",
        "socket": f"/{planted['RuntimeConnection.socket']}",
    }


def _add_runtime(stage: CanaryBackend) -> dict[str, Any]:
    name = stage.create_name()
    return {"name": name, "audience": name, "connection": _connect(stage)}


def _add_faulty_runtime(stage: CanaryBackend) -> dict[str, Any]:
    wrong = {"url": f"ftp://{stage.planted['RuntimeConnection.url']}/x"}
    return {**_add_runtime(stage), "connection": wrong}


def _add_untrusted_runtime(stage: CanaryBackend) -> dict[str, Any]:
    planted = stage.planted
    wrong = {
        "url": f"https://{planted['RuntimeConnection.url']}",
        "authority": planted["RuntimeConnection.authority"],
        "fingerprint": planted["RuntimeConnection.fingerprint"],
    }
    return {**_add_runtime(stage), "connection": wrong}


def _add_workspace(stage: CanaryBackend) -> dict[str, Any]:
    path = stage.directory / stage.planted["DirectorySource.path"]
    return {"id": stage.create_name(), "source": {"kind": "directory", "path": str(path)}}


def _add_missing_workspace(stage: CanaryBackend) -> dict[str, Any]:
    path = f"/{stage.planted['DirectorySource.path']}"
    return {"id": stage.create_name(), "source": {"kind": "directory", "path": path}}


def _add_repository(stage: CanaryBackend) -> dict[str, Any]:
    url = f"file:///{stage.planted['GitSource.url']}"
    return {"id": stage.create_name(), "source": {"kind": "git", "url": url, "ref": "main"}}


def _order(**fields: Any) -> Make:
    return lambda stage: {
        "workspace": "library",
        "key": stage.create_name(),
        "selector": "workspace:clerk",
        **fields,
    }


def _preview(**fields: Any) -> Make:
    return lambda _: {"workspace": "library", "selector": "workspace:clerk", **fields}


def _put_rules(stage: CanaryBackend) -> dict[str, Any]:
    rule = {"id": "all", "effect": "allow", "workspaces": ["library"], "runtimes": ["*"]}
    return {"generation": stage.generation, "rules": [rule]}


CALLS: dict[tuple[str, str], Call] = {
    ("GET", "/api/v1/whoami"): Call(),
    ("GET", "/"): Call(),
    ("GET", "/healthz"): Call(),
    ("GET", "/readyz"): Call(),
    ("GET", "/metrics"): Call(),
    ("GET", "/openapi.json"): Call(),
    ("GET", "/docs"): Call(),
    ("GET", "/api/v1/workspaces"): Call(),
    ("POST", "/api/v1/workspaces"): Call(documents=(_add_workspace, _add_missing_workspace, _add_repository)),
    ("GET", _WORKSPACE): Call(over=({}, {"workspace": "museum"}, {"workspace": "none"})),
    ("PATCH", _WORKSPACE): Call(
        documents=(
            lambda _: {"title": "Reading room"},
            lambda stage: {"source": _add_missing_workspace(stage)["source"]},
        )
    ),
    ("DELETE", _WORKSPACE): Call(over=_SPARE, last=3),
    ("GET", f"{_WORKSPACE}/builds"): Call(over=({}, {"workspace": "museum"})),
    ("POST", f"{_WORKSPACE}/builds"): Call(over=({}, {"workspace": "museum"})),
    ("POST", f"{_WORKSPACE}/bundles"): Call(over=({"workspace": "gallery"},), archive=True),
    ("GET", f"{_WORKSPACE}/bundles/{{digest}}"): Call(),
    ("GET", f"{_WORKSPACE}/bundles/{{digest}}/archive"): Call(),
    ("GET", f"{_WORKSPACE}/revisions"): Call(),
    ("GET", f"{_WORKSPACE}/diff"): Call(query=("?from=1&to=2",)),
    ("GET", f"{_WORKSPACE}/activations"): Call(),
    ("POST", f"{_WORKSPACE}/activations"): Call(documents=(lambda _: {"revision": 2, "reason": "tried"},)),
    ("POST", f"{_WORKSPACE}/rollback"): Call(documents=(lambda _: {"revision": 1},)),
    ("POST", f"{_WORKSPACE}/release"): Call(last=1),
    ("GET", f"{_WORKSPACE}/revocations"): Call(),
    ("POST", f"{_WORKSPACE}/revocations"): Call(
        documents=(lambda stage: {"digest": stage.values["digest"]},), last=3
    ),
    ("GET", "/api/v1/tokens"): Call(),
    ("POST", "/api/v1/tokens"): Call(documents=(lambda _: {"name": "guest", "role": "viewer"},)),
    ("DELETE", "/api/v1/tokens/{token}"): Call(),
    ("GET", "/api/v1/audit"): Call(query=("?limit=500",)),
    ("POST", "/api/v1/audit/prune"): Call(
        documents=(lambda stage: {"through": 1, "hash": stage.values["audit_hash"]},), last=4
    ),
    ("GET", "/api/v1/events"): Call(query=("?after=0",), streamed=True),
    ("GET", "/api/v1/runtimes"): Call(),
    ("POST", "/api/v1/runtimes"): Call(documents=(_add_runtime, _add_faulty_runtime, _add_untrusted_runtime)),
    ("GET", _RUNTIME): Call(over=_ANY_RUNTIME),
    ("PATCH", _RUNTIME): Call(
        over=({"runtime": "gone"},),
        documents=(
            lambda _: {"labels": {"floor": "2"}},
            lambda stage: {"connection": _connect(stage)},
        ),
    ),
    ("DELETE", _RUNTIME): Call(query=("", "?force=true"), over=({"runtime": "gone"},), last=3),
    ("GET", f"{_RUNTIME}/connection"): Call(over=_ANY_RUNTIME),
    ("POST", f"{_RUNTIME}/reset"): Call(query=("?workspace=library",), over=_ANY_RUNTIME),
    ("POST", f"{_RUNTIME}/sync"): Call(query=("", "?workspace=library"), over=_ANY_RUNTIME),
    ("GET", "/api/v1/availability"): Call(query=("", "?workspace=library&runtime=hostile")),
    ("GET", "/api/v1/placements"): Call(),
    ("PUT", "/api/v1/placements"): Call(documents=(_put_rules,)),
    ("GET", "/api/v1/placements/explain"): Call(query=("?workspace=library&runtime=gone",)),
    ("GET", "/api/v1/workers"): Call(),
    ("POST", "/api/v1/workers"): Call(
        documents=(
            _order(runtime="here"),
            _order(runtime="hostile"),
            _order(runtime="gone"),
            _order(runtime="far", intent={"requires": ["host:shell"]}),
            _order(runtime="here", digest="sha256:" + "0" * 64),
        )
    ),
    ("POST", "/api/v1/workers:resolve"): Call(
        documents=(
            _preview(runtime="here", every_profile=True),
            _preview(runtime="hostile", call="file.read(path: a)"),
            _preview(runtime="far", call="shell.run(command: ls)"),
            _preview(runtime="far", intent={"requires": ["host:shell"]}),
            _preview(runtime="gone"),
        )
    ),
    ("GET", _WORKER): Call(),
    ("GET", f"{_WORKER}/spec"): Call(),
    ("GET", f"{_WORKER}/explanation"): Call(),
    ("GET", f"{_WORKER}/rights"): Call(),
    ("GET", f"{_WORKER}/events"): Call(streamed=True),
    ("GET", f"{_WORKER}/approvals"): Call(),
    ("POST", f"{_WORKER}/approvals/{{approval}}"): Call(documents=(lambda _: {"verdict": "allow"},)),
    ("POST", f"{_WORKER}/input"): Call(documents=(lambda _: {"text": "hello"},)),
    ("POST", f"{_WORKER}/stop"): Call(last=1),
    ("POST", f"{_WORKER}/cancel"): Call(last=2),
    ("DELETE", _WORKER): Call(last=3),
}


def list_paths(stage: CanaryBackend, path: str, call: Call) -> Iterator[str]:
    """Yield every path that a call asks for; a Worker's for each Worker that there is."""
    workers = stage.workers if "{worker}" in path else [""]
    for values in call.over:
        for worker in workers:
            filled = {**stage.values, "worker": worker, **values}
            for query in call.query:
                yield path.format(**filled) + query


def make_archive() -> tuple[bytes, dict[str, str]]:
    """Return a bundle of `gallery` as a body, and the headers that it needs."""
    bundle = build_small_bundle("gallery")
    return archive_bundle(bundle), {"Content-Type": BUNDLE_ARCHIVE_MEDIA_TYPE}
