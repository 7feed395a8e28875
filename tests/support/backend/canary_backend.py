"""A Backend with a marked text in every place that no browser may see, and Runtimes of every kind (K-07)."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import SystemRandom
from secrets import token_hex

from support.backend.live_backend import LiveBackend, open_live_backend
from support.hostile.hostile_runtime import HostileRuntime
from worker_runtime.contract.caller import build_local_caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.host.local_host import LocalHost
from worker_runtime.trust.identity import IDENTITY_FILE
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_workspace_server.runtimes import NewRuntime
from yoi_workspace_server.tokens import hash_secret

SECRET_NAMES = ("secret name of a tool", "secret name of a later revision", "secret name of the host")
"""Canaries that operators may see."""

CONNECTION = tuple(f"RuntimeConnection.{name}" for name in ("url", "authority", "fingerprint", "socket"))
"""Canaries that those may see whose token names the scope."""

_RANDOM = SystemRandom()
_BIRDS = ("HERON", "BITTERN", "DUNLIN", "GODWIT", "KNOT", "PLOVER", "RUFF", "SNIPE", "TEAL", "WIGEON")
"""A name that looks like a generated value is refused in a bundle."""

_POLICY = """\
version = 1

[[workspace]]
issuer = "{issuer}"
id = "{workspace}"
bundle_required = "never"
default_model = "desk"
origins = ["https://api.example.com"]

[workspace.mounts.workspace]
path = "{mount}"
access = "ro"

[workspace.models.desk]
provider = "example"
model = "example-large"
endpoint = "https://{endpoint}.example.com/v1"
credential = "{host_secret}"

[workspace.endpoints.own]
provider = "example"
models = ["example-*"]
url = "https://{endpoint}.example.com/v1"
credential = "{host_secret}"

[workspace.servers.search]
url = "https://{server}.example.com/mcp"

[workspace.secrets]
{host_secret} = ["model:own"]
{tool_secret} = ["origin:https://api.example.com"]

[workspace.parameters]
REGION = "{parameter}"

[workspace.tools]
default = "allow"
"""
_WORKSPACE = """\
id = "library"
default_profile = "clerk"

[tools.http.hours]
url = "https://api.example.com/hours"
method = "POST"
headers = {{ Authorization = {{ secret = "{secret}", prefix = "Bearer " }} }}

[tools.mcp.search]
host = "search"

[asks]
mounts = {{ workspace = "ro" }}

[grants]
secrets = ["{secret}"]
mounts = {{ workspace = "ro" }}
"""
_PROFILE = "---\ntitle: Clerk\ntools: [http:hours, mcp:search, file.read]\n---\nYou help readers.\n"


class CanaryBackend:
    """The Backend, what was planted, and what there is to ask about.

    Attributes:
        planted: Place → marked text.
        tokens: Kind of caller → secret.
        values: For the names in path templates.
        workers: Ids, one on each Runtime that made one.
    """

    def __init__(self, backend: LiveBackend, planted: dict[str, str], directory: Path) -> None:
        self.backend = backend
        self.planted = planted
        self.directory = directory
        self.tokens: dict[str, str] = {}
        self.values: dict[str, str] = {"workspace": "library", "runtime": "far", "approval": "none"}
        self.workers: list[str] = []
        self.generation = 0
        self._numbers: Iterator[int] = iter(range(10**6))

    async def prepare(self) -> None:
        """Have ready what a call ends: a token, a workspace; and know the rules' generation, and the first record's hash."""
        backend = self.backend
        spare = await backend.send(
            "POST", "/api/v1/tokens", {"name": self.create_name(), "role": "viewer"}, status=201
        )
        self.values["token"] = spare["token"]["id"]
        document = {"id": "spare", "source": {"kind": "published"}}
        await backend.ask("POST", "/api/v1/workspaces", document)
        self.generation = (await backend.get("/api/v1/placements"))["generation"]
        first = (await backend.get("/api/v1/audit?cursor=2&limit=1"))["items"]
        self.values["audit_hash"] = first[0]["hash"] if first else "0" * 64

    def create_name(self) -> str:
        return f"new-{next(self._numbers)}"

    async def build(self, secret: str) -> str:
        """Have the workspace built from its directory, with a tool that needs this secret; return the digest."""
        _write_workspace(self.directory / self.planted["DirectorySource.path"] / "library", secret)
        built = await self.backend.send("POST", "/api/v1/workspaces/library/builds", None, status=201)
        assert built["digest"] is not None, built
        return str(built["digest"])

    async def create_worker(
        self, runtime: str, *, workspace: str = "library", selector: str = "workspace:clerk"
    ) -> None:
        order = {"workspace": workspace, "key": f"on-{runtime}", "selector": selector, "runtime": runtime}
        created = await self.backend.send("POST", "/api/v1/workers", order)
        self.workers.append(created["id"])


def make_canaries() -> dict[str, str]:
    """Return a marked text for each place that is known; a test compares the typed ones with the types."""
    places = (
        "DirectorySource.path",
        "GitSource.url",
        *CONNECTION,
        *SECRET_NAMES,
        "data directory",
        "database URL",
        "mount path",
        "endpoint of the host",
        "server of the host",
        "parameter of the host",
        "value of the host's secret",
        "value of the tool's secret",
        "words of a Runtime",
    )
    marks = {place: f"cnry{token_hex(8)}" for place in places}
    marks["RuntimeConnection.fingerprint"] = token_hex(32)
    birds = _RANDOM.sample(_BIRDS, len(SECRET_NAMES))
    return marks | {
        place: f"{bird}_{_RANDOM.choice(_BIRDS)}_LOAN_KEY"
        for place, bird in zip(SECRET_NAMES, birds, strict=True)
    }


@asynccontextmanager
async def open_canary_backend(directory: Path) -> AsyncIterator[CanaryBackend]:
    """Give a Backend on which everything has happened that leaves a trace."""
    planted = make_canaries()
    root = directory / planted["data directory"]
    _write_workspace(root / planted["DirectorySource.path"] / "library", planted["secret name of a tool"])
    (root / planted["mount path"]).mkdir(parents=True)
    (root / planted["GitSource.url"] / "repository").mkdir(parents=True)
    environment = {
        f"YOI_SECRET_{planted['secret name of the host']}": planted["value of the host's secret"],
        f"YOI_SECRET_{planted['secret name of a tool']}": planted["value of the tool's secret"],
    }
    async with open_live_backend(
        root,
        policy=_write_policy(root, planted),
        environment=environment,
        source_roots=[root],
        database=f"sqlite:///{root / planted['database URL']}.db",
    ) as backend:
        stage = CanaryBackend(backend, planted, root)
        await _add_tokens(stage)
        await _add_workspaces(stage)
        await _add_runtimes(stage)
        await _fill(stage)
        yield stage


def _write_workspace(directory: Path, secret: str) -> None:
    files = {
        ".yoi/workspace.toml": _WORKSPACE.format(secret=secret),
        ".yoi/profiles/clerk.md": _PROFILE,
    }
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _write_policy(
    root: Path, planted: dict[str, str], *, issuer: str = "local", workspace: str = "library"
) -> str:
    return _POLICY.format(
        issuer=issuer,
        workspace=workspace,
        mount=root / planted["mount path"],
        endpoint=planted["endpoint of the host"],
        host_secret=planted["secret name of the host"],
        server=planted["server of the host"],
        tool_secret=planted["secret name of a tool"],
        parameter=planted["parameter of the host"],
    )


def _make_host(stage: CanaryBackend, name: str, **owner: str) -> LocalHost:
    """Return a host of its own directory, with the same policy for another issuer or workspace."""
    directory = stage.directory / name
    directory.mkdir()
    policy = directory / "host-policy.toml"
    policy.write_text(_write_policy(stage.directory, stage.planted, **owner), encoding="utf-8")
    environment = stage.backend.settings.environment
    return LocalHost(policy, data_directory=directory, environment=environment)


async def _add_tokens(stage: CanaryBackend) -> None:
    backend, planted = stage.backend, stage.planted
    stage.tokens = {
        "nobody": "",
        "viewer": await backend.add_token("viewer"),
        "operator": await backend.add_token("operator"),
        "admin": await backend.add_token("admin"),
        "scoped admin": backend.admin,
        "scoped": await backend.add_token("operator", scopes=["runtimes:connection"]),
        "confined viewer": await backend.add_token("viewer", workspaces=["museum"]),
        "confined operator": await backend.add_token("operator", workspaces=["museum"]),
    }
    for kind, secret in stage.tokens.items():
        if secret:
            planted[f"token of {kind}"] = secret
            planted[f"hash of the token of {kind}"] = hash_secret(secret)
    planted["api_token.secret_hash"] = hash_secret(stage.tokens["viewer"])
    identity = json.loads((backend.settings.data_directory / IDENTITY_FILE).read_text(encoding="utf-8"))
    planted["identity key"] = identity["keys"][0]["d"]


async def _add_workspaces(stage: CanaryBackend) -> None:
    backend, planted, root = stage.backend, stage.planted, stage.directory
    source = root / planted["DirectorySource.path"] / "library"
    await backend.add_workspace("library", source={"kind": "directory", "path": str(source)})
    repository = root / planted["GitSource.url"] / "repository"
    await backend.add_workspace("museum", source={"kind": "git", "url": str(repository), "ref": "main"})
    await backend.add_workspace("gallery")


async def _add_runtimes(stage: CanaryBackend) -> None:
    backend, planted = stage.backend, stage.planted
    everything = {"id": "all", "effect": "allow", "workspaces": ["library"], "runtimes": ["*"]}
    await backend.send("PUT", "/api/v1/placements", {"generation": 0, "rules": [everything]})
    await backend.add_remote(
        "far",
        stage.directory / "far",
        host=_make_host(stage, "far", issuer="backend"),
        url=f"http://{planted['RuntimeConnection.url']}",
    )
    gone = RuntimeConnection(
        url=f"https://{planted['RuntimeConnection.url']}",
        authority=planted["RuntimeConnection.authority"],
        fingerprint=planted["RuntimeConnection.fingerprint"],
        socket=f"/{planted['RuntimeConnection.socket']}",
    )
    registered = NewRuntime(name="gone", kind="remote", audience="gone", connection=gone)
    now = backend.clock.now()
    await backend.services.store.runtimes.add_runtime(registered, actor="test", now=now)
    await _add_hostile(stage)
    await backend.services.store.placements.apply_policy(now=now)


async def _add_hostile(stage: CanaryBackend) -> None:
    backend = stage.backend
    host = _make_host(stage, "hostile", workspace="gallery")
    inner = EmbeddedRuntime(stage.directory / "hostile", host=host)
    await inner.start()
    backend.close_later(inner.close)
    info = await inner.get_runtime(build_local_caller())
    hostile = HostileRuntime(inner, f"see /{stage.planted['words of a Runtime']}")
    backend.services.dialer.add_embedded(info.id, hostile)  # type: ignore[arg-type]
    new = NewRuntime(name="hostile", kind="embedded", audience=info.id)
    await backend.services.store.runtimes.add_runtime(new, actor="test", now=backend.clock.now())


async def _fill(stage: CanaryBackend) -> None:
    """Have a bundle go everywhere, be refused somewhere, and Workers made of it."""
    backend, planted = stage.backend, stage.planted
    stage.values["digest"] = await stage.build(planted["secret name of a tool"])
    await backend.wait_for_pair(lambda one: one["state"] == "in_sync", "here")
    await backend.wait_for_pair(lambda one: one["state"] == "in_sync", "far")
    await stage.create_worker("here")
    await stage.create_worker("far")
    await stage.create_worker("hostile", workspace="gallery", selector="builtin:reviewer")
    await backend.send(
        "POST",
        "/api/v1/workers",
        {
            "workspace": "library",
            "key": "refused",
            "selector": "workspace:clerk",
            "runtime": "here",
            "intent": {"requires": ["host:shell"]},
        },
        status=422,
    )
    await stage.build(planted["secret name of a later revision"])
    await backend.wait_for_pair(lambda one: bool(one["rejected"]), "hostile")
    await backend.wait_for_pair(lambda one: one["problem"] is not None, "gone")
    await backend.wait_for_pair(lambda one: bool(one["in_use"]), "here")
    failed = await backend.ask("POST", "/api/v1/workspaces/museum/builds")
    assert failed.status < 500, failed
