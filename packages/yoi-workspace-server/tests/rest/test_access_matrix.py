"""Each route, for each role, on its own and on another's workspace, without a token and with one out of force (K-09)."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest

from support.backend.access_matrix import AccessRow, Statuses, Target
from support.backend.access_rows import ROWS
from support.backend.backend_rest import BackendRest, archive_bundle
from support.bundles.small_bundles import SmallBundle, build_small_bundle
from yoi_wire.backend.errors import WorkspaceNotFoundError
from yoi_wire.backend.operations import BACKEND_OPERATIONS
from yoi_wire.backend.workers import WorkerOrder
from yoi_workspace_server.rest.app import HANDLERS
from yoi_workspace_server.roles import ROLES, Principal
from yoi_workspace_server.runtimes import NewRuntime

pytestmark = pytest.mark.req("K-09")

OWN, OTHER, NOBODYS = "library", "museum", "nowhere"
_EVERYTHING = Principal(name="test", token="", role="admin", workspaces=None)
_HOST_POLICY = """\
version = 1

[[workspace]]
issuer = "local"
id = "library"
default_model = "desk"

[workspace.models.desk]
provider = "example"
model = "example-large"
"""


class Answer:
    """What came of a request.

    Attributes:
        recorded: How many audit records it left, but for those of refused tokens.
    """

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body
        self.recorded = 0

    @property
    def problem(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


class Stage:
    """A Backend with two workspaces, and a token of each kind."""

    def __init__(self, backend: BackendRest) -> None:
        self.backend = backend
        self.bundles = {name: build_small_bundle(name) for name in (OWN, OTHER, NOBODYS)}
        self.confined = [backend.add_token(role, workspaces=[OWN]) for role in ROLES]
        self.whole = [backend.add_token(role) for role in ROLES]
        self.out_of_force = {
            "no token": "",
            "never made": "yoi_api_" + "0" * 43,
            "expired": backend.add_token("admin", lifetime_seconds=60),
            "revoked": backend.add_token("admin", revoked=True),
        }
        backend.clock.advance(minutes=2)
        self._counter = 0
        for name in (OWN, OTHER):
            self.reset(name)

    def reset(self, workspace: str) -> None:
        """Make a workspace as it was: one revision, active, nothing revoked."""
        store, now = self.backend.services.store, self.backend.clock.now()
        with suppress(WorkspaceNotFoundError):
            self.backend.run(store.workspaces.delete_workspace(workspace, actor="test", now=now, force=True))
        self.backend.add_workspace(workspace)
        self.backend.run(store.placements.apply_policy(workspace=workspace, now=now))
        archive = archive_bundle(self.bundles[workspace])
        self.backend.run(
            self.backend.services.archives.publish(workspace, _stream(archive), publisher="test")
        )

    def _aim_at_fleet(self, path: str) -> dict[str, str]:
        """Have what a path names: a Worker and one that has ended, or a Runtime to spare."""
        services, now = self.backend.services, self.backend.clock.now()
        policy = self.backend.run(services.store.placements.get_policy())
        found = {"runtime": "embedded", "approval": "none", "generation": str(policy.generation)}
        if "{worker}" in path:
            ended = self._create_worker(f"ended-{self._counter}")
            access = self.backend.run(services.workers.reach(ended, _EVERYTHING))
            self.backend.run(access.api.stop_worker(access.caller, access.id))
            found |= {"ended_worker": ended, "worker": self._create_worker(f"kept-{self._counter}")}
        if "{runtime}" in path:
            name = f"spare-{self._counter}"
            spare = NewRuntime(name=name, kind="embedded", audience=name)
            self.backend.run(services.store.runtimes.add_runtime(spare, actor="test", now=now))
            found["spare_runtime"] = name
        return found

    def _create_worker(self, key: str) -> str:
        order = WorkerOrder(workspace=OWN, key=key, selector="workspace:reviewer", runtime="embedded")
        created = self.backend.run(self.backend.services.creation.create(order, actor="test"))
        return created.record.id

    def aim(self, workspace: str, path: str) -> Target:
        """Return what a request is about; a token to revoke and a name to take are new each time."""
        self._counter += 1
        bundle: SmallBundle = self.bundles[workspace]
        spare = self.backend.add_token("viewer")
        return Target(
            values={
                "workspace": workspace,
                "digest": bundle.digest,
                "token": self.backend.get_token_id(spare),
                "unused": f"new-{self._counter}",
                **self._aim_at_fleet(path),
            },
            archive=archive_bundle(bundle),
        )

    def ask(self, operation: tuple[str, str], row: AccessRow, token: str, workspace: str = OWN) -> Answer:
        """Send the row's request, and say what came of it and whether the audit has grown."""
        method, path = operation
        target = self.aim(workspace, path)
        renamed = {name: target.values[other] for name, other in row.renamed.items()}
        path = path.format(**{**target.values, **renamed}) + row.query.format(**target.values)
        before = self.backend.run(self.backend.services.store.audit.find_last())
        if row.endless:
            answer = self.backend.run(_peek(self.backend, path, token))
        else:
            raw = self.backend.ask(
                method,
                path,
                token=token,
                headers=row.headers,
                document=row.document and row.document(target),
                body=row.body and row.body(target),
            )
            answer = Answer(raw.status, raw.body)
        records = self.backend.run(self.backend.services.store.audit.read_after(before))
        answer.recorded = sum(one.action != "token.refused" for one in records)
        if answer.status < 300 and method != "GET" and "{workspace}" in operation[1]:
            self.reset(workspace)
        return answer


async def _stream(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _peek(backend: BackendRest, path: str, token: str) -> Answer:
    async with asyncio.timeout(10), backend.open_stream(path, token=token) as stream:
        body = b"" if stream.status == 200 else await stream.read_body()
        return Answer(stream.status, body)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    data = tmp_path_factory.mktemp("matrix") / "data"
    data.mkdir()
    (data / "host-policy.toml").write_text(_HOST_POLICY, encoding="utf-8")
    backend = BackendRest(data, embedded="embedded")
    yield Stage(backend)
    backend.close()


def test_every_route_has_its_row_in_the_document_and_in_the_matrix() -> None:
    routes = {(handler.operation.method, handler.operation.path) for handler in HANDLERS}
    assert routes == set(BACKEND_OPERATIONS)
    assert routes == set(ROWS)


@pytest.mark.parametrize("operation", ROWS, ids=" ".join)
def test_each_role_gets_exactly_what_the_matrix_says(stage: Stage, operation: tuple[str, str]) -> None:
    row = ROWS[operation]
    seen = [stage.ask(operation, row, token) for token in stage.confined]
    _verify(seen, row.own)
    whole = [stage.ask(operation, row, token) for token in stage.whole]
    _verify(whole, row.whole)


@pytest.mark.parametrize("operation", ROWS, ids=" ".join)
def test_a_token_that_is_not_in_force_opens_nothing(stage: Stage, operation: tuple[str, str]) -> None:
    row = ROWS[operation]
    for kind, token in stage.out_of_force.items():
        answer = stage.ask(operation, row, token)
        assert answer.status == (row.own[0] if row.public else 401), kind
        if not row.public:
            assert (answer.problem["code"], answer.recorded) == ("auth.unauthenticated", 0), kind


@pytest.mark.parametrize("operation", [one for one in ROWS if "{workspace}" in one[1]], ids=" ".join)
def test_anothers_workspace_looks_like_none(stage: Stage, operation: tuple[str, str]) -> None:
    row = ROWS[operation]
    assert row.other is not None, "what becomes of another's workspace has to be said"
    others = [stage.ask(operation, row, token, OTHER) for token in stage.confined]
    _verify(others, row.other)
    for token, answer in zip(stage.confined, others, strict=True):
        nothing = stage.ask(operation, row, token, NOBODYS)
        assert _forget(nothing.problem, NOBODYS) == _forget(answer.problem, OTHER)


def test_what_names_no_workspace_has_no_row_for_anothers() -> None:
    assert [one for one, row in ROWS.items() if ("{workspace}" in one[1]) != (row.other is not None)] == []


def _verify(answers: list[Answer], expected: Statuses) -> None:
    assert tuple(answer.status for answer in answers) == expected
    for answer in answers:
        if answer.status >= 400:
            codes = {
                400: {"request.invalid"},
                403: {"auth.forbidden"},
                404: {"workspace.not_found", "worker.not_found"},
            }
            assert answer.problem["code"] in codes[answer.status]
            assert answer.recorded == 0


def _forget(problem: dict[str, Any], workspace: str) -> dict[str, Any]:
    known = {name: value for name, value in problem.items() if name != "instance"}
    return {**known, "details": json.dumps(known["details"]).replace(workspace, "")}
