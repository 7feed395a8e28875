"""Each route, for each role, on its own and on another's workspace, without a token and with one out of force (K-09)."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest
from access_matrix import AccessRow, Statuses, Target
from access_rows import ROWS
from backend_rest import BackendRest, archive_bundle
from small_bundles import SmallBundle, build_small_bundle

from yoi_workspace_server.errors import WorkspaceNotFoundError
from yoi_workspace_server.rest.app import ROUTES
from yoi_workspace_server.rest.operations import OPERATIONS
from yoi_workspace_server.roles import ROLES

pytestmark = pytest.mark.req("K-09")

OWN, OTHER, NOBODYS = "library", "museum", "nowhere"


class Answer:
    """What came of a request.

    Attributes:
        recorded: How many audit records it left.
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
        archive = archive_bundle(self.bundles[workspace])
        self.backend.run(
            self.backend.services.archives.publish(workspace, _stream(archive), publisher="test")
        )

    def aim(self, workspace: str) -> Target:
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
                "runtime": "embedded",
            },
            archive=archive_bundle(bundle),
        )

    def ask(self, operation: tuple[str, str], row: AccessRow, token: str, workspace: str = OWN) -> Answer:
        """Send the row's request, and say what came of it and whether the audit has grown."""
        target = self.aim(workspace)
        method, path = operation
        path = path.format(**target.values) + row.query.format(**target.values)
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
        answer.recorded = self.backend.run(self.backend.services.store.audit.find_last()) - before
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
    backend = BackendRest(tmp_path_factory.mktemp("matrix") / "data", embedded="embedded")
    yield Stage(backend)
    backend.close()


def test_every_route_has_its_row_in_the_document_and_in_the_matrix() -> None:
    routes = {
        (method, "".join(one.paths).replace(":str}", "}"))
        for one in ROUTES
        for method in one.http_methods
        if method != "HEAD"
    }
    assert routes == set(OPERATIONS)
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
        assert answer.status == (200 if row.public else 401), kind
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
            code = {403: "auth.forbidden", 404: "workspace.not_found"}[answer.status]
            assert (answer.problem["code"], answer.recorded) == (code, 0)


def _forget(problem: dict[str, Any], workspace: str) -> dict[str, Any]:
    known = {name: value for name, value in problem.items() if name != "instance"}
    return {**known, "details": json.dumps(known["details"]).replace(workspace, "")}
