"""Requests that mean harm, sent as bytes over a real socket: each is refused by its own status and code (R-04, R-09)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.hostile.hostile_requests import DOCUMENTS, MANIFESTS, PACKS, HostileCase, World
from support.hostile.raw_http import RawAnswer, ask
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller, put_manifest, store_bundle
from worker_runtime.contract.bundles import StagedOutcome
from worker_runtime.contract.caller import Caller
from yoi_wire.errors import BundleMissingError
from yoi_wire.server.body_limits import BodyRate

_CALLER = build_caller(kind="remote")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    pace = BodyRate(grace_seconds=5, idle_seconds=0.3)
    under_test = RestUnderTest(tmp_path / "data", rate=pace)
    yield under_test
    under_test.close()


@pytest.fixture
def world(server: RestUnderTest) -> World:
    held = build_small_bundle()
    staged = build_small_bundle(prompts={"one": b"Be brief.\n", "two": b"Be quick.\n"})
    store_bundle(server, _CALLER, held)
    museum = build_caller("museum", kind="remote")
    foreign = {
        "another client of the issuer": (build_caller(kind="remote", subject="second"), staged),
        "another workspace": (museum, build_small_bundle("museum")),
        "another issuer": (build_caller(kind="remote", issuer="other"), staged),
        "the host's operator": (build_caller(), staged),
    }
    return World(
        held=held,
        staged=staged,
        lease=_stage(server, _CALLER, staged),
        foreign_leases={whose: _stage(server, *one) for whose, one in foreign.items()},
    )


def _stage(server: RestUnderTest, caller: Caller, bundle: SmallBundle) -> str:
    outcome = put_manifest(server, caller, bundle)
    assert isinstance(outcome, StagedOutcome)
    return outcome.lease.id


def _send(server: RestUnderTest, world: World, case: HostileCase) -> RawAnswer:
    request = case.make(world)
    headers = {**server.credentials.build_headers(_CALLER), **request.headers}
    answer: RawAnswer = server.run(
        ask(
            server.socket,
            request.method,
            request.path,
            headers=headers,
            pieces=request.pieces,
            chunked=request.chunked,
            length=request.length,
        )
    )
    return answer


def _verify(answer: RawAnswer, case: HostileCase) -> None:
    assert (answer.status, answer.problem["code"]) == (case.status, case.code)
    details = answer.problem["details"]
    assert {name: details.get(name) for name in case.details} == dict(case.details)


@pytest.mark.req("R-04", "R-09", "B-02")
@pytest.mark.parametrize("name", MANIFESTS)
def test_a_hostile_manifest_is_refused_and_stores_nothing(
    server: RestUnderTest, world: World, name: str
) -> None:
    _verify(_send(server, world, MANIFESTS[name]), MANIFESTS[name])
    assert [one.digest for one in server.run(server.api.list_bundles(_CALLER)).items] == [world.held.digest]
    assert server.run(server.api.get_bundle_status(_CALLER, world.staged.digest)).missing == 2


@pytest.mark.req("R-04", "R-09", "B-02")
@pytest.mark.parametrize("name", PACKS)
def test_a_hostile_pack_is_refused_and_keeps_no_more_than_what_was_right(
    server: RestUnderTest, world: World, name: str
) -> None:
    _verify(_send(server, world, PACKS[name]), PACKS[name])
    status = server.run(server.api.get_bundle_status(_CALLER, world.staged.digest))
    assert (status.staged, status.stored) == (True, False)
    kept = {"the same twice": 1, "something after the end": 1, "cut": 1}.get(name, 0)
    assert status.missing == 2 - kept


@pytest.mark.req("R-09")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_is_refused(server: RestUnderTest, world: World, name: str) -> None:
    _verify(_send(server, world, DOCUMENTS[name]), DOCUMENTS[name])


@pytest.mark.req("R-06", "R-07")
def test_a_lease_of_others_is_answered_as_one_that_there_is_not(server: RestUnderTest, world: World) -> None:
    headers = {
        **server.credentials.build_headers(_CALLER),
        "Content-Type": "application/x-tar",
    }
    answers = set()
    tried = {**world.foreign_leases, "nobody": "0" * 32, "no form of ours": "..", "long": "a" * 4000}
    for lease in tried.values():
        answer = server.run(
            ask(server.socket, "POST", f"/v1/leases/{lease}/pack", headers=headers, pieces=[b"x" * 512])
        )
        body = answer.body.decode().replace(answer.headers["yoi-request-id"], "").replace(lease, "")
        answers.add((answer.status, body))
    assert len(answers) == 1
    assert '"code":"lease.expired"' in answers.pop()[1]
    with pytest.raises(BundleMissingError):
        server.run(server.api.get_bundle(_CALLER, world.staged.digest))
