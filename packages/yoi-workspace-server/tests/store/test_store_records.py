"""Builds, Workers, tokens and the audit; one suite on every database (K-08)."""

import asyncio
import secrets

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from support.backend.store_under_test import ANYWHERE, StoreUnderTest
from yoi_bundle.diagnostics import Diagnostic
from yoi_wire.backend.errors import TokenNotFoundError, WorkspaceConflictError, WorkspaceNotFoundError
from yoi_wire.clock import MINUTE, format_instant
from yoi_wire.errors import RequestInvalidError, WorkerConflictError, WorkerNotFoundError
from yoi_wire.worker_requests import Intent, WorkerRequest
from yoi_workspace_server.audit import AuditEntry, compute_record_hash
from yoi_workspace_server.placed_workers import PlacedWorker, WorkerReservation
from yoi_workspace_server.revisions import BuildProblem, NewBuild
from yoi_workspace_server.store.builds import KEPT_BUILDS
from yoi_workspace_server.store.database.address import parse_address
from yoi_workspace_server.store.database.transactions import Database
from yoi_workspace_server.tokens import NewApiToken, hash_secret

pytestmark = pytest.mark.req("K-08")

_DIGEST = "sha256:" + "1" * 64


def _reserve(worker: str, *, key: str = "k", fingerprint: str = "f") -> WorkerReservation:
    return WorkerReservation(
        id=worker,
        workspace="library",
        key=key,
        fingerprint=fingerprint,
        runtime="edge",
        audience="id-edge",
        request=WorkerRequest(selector="default", bundle_digest=_DIGEST, intent=Intent(task="read")),
    )


@pytest.mark.req("K-01")
def test_a_failed_build_is_kept_with_its_diagnostics_and_audited(world: StoreUnderTest) -> None:
    world.add_workspace()
    remarks = tuple(
        Diagnostic(severity="error", rule="r", file=f"{number}.md", message="no") for number in range(250)
    )
    problem = BuildProblem(code="bundle.invalid", details={"faults": []})
    new = NewBuild(workspace="library", outcome="failed", diagnostics=remarks, problem=problem)
    recorded = world.run(world.store.builds.record_build(new, now=world.now))
    assert recorded == world.run(world.store.builds.find_latest("library"))
    assert (recorded.diagnostics, recorded.diagnostic_count) == (remarks[:200], 250)
    assert recorded.problem == problem
    assert world.run(world.store.audit.list_records()).items[0].action == "build.failed"


def test_of_many_builds_the_latest_are_kept(world: StoreUnderTest) -> None:
    world.add_workspace()
    world.add_workspace("archive")

    async def build() -> None:
        await world.store.builds.record_build(NewBuild(workspace="archive", outcome="new"), now=world.now)
        for _ in range(KEPT_BUILDS + 3):
            await world.store.builds.record_build(
                NewBuild(workspace="library", outcome="unchanged"), now=world.now
            )

    world.run(build())
    page = world.run(world.store.builds.list_builds("library", limit=500))
    assert len(page.items) == KEPT_BUILDS
    assert [one.id for one in page.items] == sorted((one.id for one in page.items), reverse=True)
    assert len(world.run(world.store.builds.list_builds("archive")).items) == 1


@pytest.mark.req("K-06")
def test_a_key_stands_for_the_first_worker_that_was_asked_for_under_it(world: StoreUnderTest) -> None:
    world.add_workspace()
    stores = (world.store, world.open_replica())

    async def race() -> list[PlacedWorker]:
        reserving = (
            stores[number % 2].workers.reserve_worker(_reserve(f"w{number}"), now=world.now)
            for number in range(6)
        )
        return await asyncio.gather(*reserving)

    kept = {one.id for one in world.run(race())}
    assert len(kept) == 1
    found = world.run(world.store.workers.find_by_key("library", "k"))
    assert found is not None
    assert {found.id} == kept
    assert found.request == _reserve("w").request
    other = _reserve("w9", fingerprint="other")
    with pytest.raises(WorkerConflictError) as caught:
        world.run(world.store.workers.reserve_worker(other, now=world.now))
    assert caught.value.details() == {"key": "k", "worker": found.id}


@pytest.mark.req("K-06", "K-10")
def test_a_worker_is_confirmed_once_and_a_refused_one_leaves_its_key_free(world: StoreUnderTest) -> None:
    world.add_workspace()
    workers = world.store.workers
    world.run(workers.reserve_worker(_reserve("w1"), now=world.now))
    confirmed = world.run(workers.confirm_worker("w1", "there-1", actor="ann", now=world.now))
    again = world.run(workers.confirm_worker("w1", "there-2", actor="ann", now=world.now))
    assert confirmed == again == world.run(workers.get_worker("w1"))
    assert confirmed.runtime_worker == "there-1"
    refusal = AuditEntry(actor="ann", action="worker.refused", workspace="library", subject="w1")
    world.run(workers.forget_worker("w1", entry=refusal, now=world.now))
    with pytest.raises(WorkerNotFoundError):
        world.run(workers.get_worker("w1"))
    assert world.run(workers.find_by_key("library", "k")) is None
    actions = [one.action for one in world.run(world.store.audit.list_records()).items]
    assert actions == ["worker.refused", "worker.created", "workspace.added"]


def test_a_worker_of_an_unknown_workspace_is_not_reserved(world: StoreUnderTest) -> None:
    with pytest.raises(WorkspaceNotFoundError):
        world.run(world.store.workers.reserve_worker(_reserve("w"), now=world.now))


def test_workers_come_newest_first_and_of_one_instant_each_once(world: StoreUnderTest) -> None:
    world.add_workspace()
    for number in range(5):
        reservation = _reserve(f"w{number}", key=f"k{number}")
        world.run(world.store.workers.reserve_worker(reservation, now=world.now + number // 3))
    first = world.run(world.store.workers.list_workers(limit=3))
    rest = world.run(world.store.workers.list_workers(limit=3, cursor=first.next_cursor))
    assert [one.id for one in (*first.items, *rest.items)] == ["w4", "w3", "w2", "w1", "w0"]
    assert world.run(world.store.workers.list_workers(within=frozenset())).items == ()


def test_a_cursor_of_another_list_is_refused(world: StoreUnderTest) -> None:
    world.add_workspace()
    for question in (
        world.store.workers.list_workers(cursor="library"),
        world.store.revisions.list_revisions("library", cursor="1-x"),
        world.store.pairs.list_pairs(cursor="edge"),
        world.store.audit.list_records(cursor="9" * 19),
    ):
        with pytest.raises(RequestInvalidError) as caught:
            world.run(question)
        assert caught.value.field == "cursor"


@pytest.mark.req("K-09")
def test_a_token_is_found_by_its_hash_until_it_expires_or_is_revoked(world: StoreUnderTest) -> None:
    tokens = world.store.tokens
    secret = secrets.token_urlsafe(32)
    new = NewApiToken(
        id="t1",
        secret_hash=hash_secret(secret),
        name="ci",
        role="operator",
        workspaces=frozenset({"library"}),
        scopes=frozenset({"runtimes:connection"}),
        expires_at=world.now + MINUTE,
    )
    assert not world.run(tokens.has_tokens())
    added = world.run(tokens.add_token(new, actor="ann", now=world.now))
    assert world.run(tokens.has_tokens())
    assert world.run(tokens.find_by_hash(hash_secret(secret), now=world.now)) == added
    assert added.bearer.workspaces == {"library"}
    assert added.bearer.may("runtimes:connection")
    assert world.run(tokens.find_by_hash(hash_secret(secret + "x"), now=world.now)) is None
    assert world.run(tokens.find_by_hash(hash_secret(secret), now=world.now + MINUTE)) is None
    revoked = world.run(tokens.revoke_token("t1", actor="ann", now=world.now))
    again = world.run(tokens.revoke_token("t1", actor="ann", now=world.now + 1))
    assert revoked == again == world.run(tokens.list_tokens()).items[0]
    assert world.run(tokens.find_by_hash(hash_secret(secret), now=world.now)) is None
    with pytest.raises(TokenNotFoundError):
        world.run(tokens.revoke_token("t2", actor="ann", now=world.now))


@pytest.mark.req("K-09")
def test_the_use_of_a_token_is_written_down_once_a_minute(world: StoreUnderTest) -> None:
    tokens = world.store.tokens
    new = NewApiToken(id="t1", secret_hash="h", name="ci", role="viewer")
    world.run(tokens.add_token(new, actor="ann", now=world.now))
    for passed, expected in ((0, 0), (MINUTE - 1, 0), (MINUTE, MINUTE)):
        world.run(tokens.touch_token("t1", now=world.now + passed))
        token = world.run(tokens.list_tokens()).items[0]
        assert token.last_used_at == format_instant(world.now + expected)


@pytest.mark.req("K-09")
def test_the_secret_of_a_token_is_nowhere_in_the_database(world: StoreUnderTest) -> None:
    secret = secrets.token_urlsafe(32)
    new = NewApiToken(id="t1", secret_hash=hash_secret(secret), name="ci", role="viewer")
    world.run(world.store.tokens.add_token(new, actor="ann", now=world.now))
    rows = world.run(_execute(world.url, "SELECT * FROM api_token"))
    assert hash_secret(secret) in rows
    assert secret not in rows


async def _execute(url: str, statement: str) -> str:
    database = Database(parse_address(url))
    try:
        async with database.engines.writing.begin() as connection:
            result = await connection.execute(text(statement))
            return repr(result.all()) if result.returns_rows else ""
    finally:
        await database.close()


@pytest.mark.req("K-10")
@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'bob'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_audit(world: StoreUnderTest, statement: str) -> None:
    world.add_workspace()
    with pytest.raises(DBAPIError, match="append-only"):
        world.run(_execute(world.url, statement))
    assert world.run(world.store.audit.list_records()).items[0].actor == "ann"


@pytest.mark.req("K-10")
def test_what_is_rolled_back_leaves_no_record_and_no_gap(world: StoreUnderTest) -> None:
    world.add_workspace()
    with pytest.raises(WorkspaceConflictError):
        world.add_workspace()
    world.publish("a")
    world.activate(1)
    records = world.run(world.store.audit.read_after(0))
    assert [(one.sequence, one.action) for one in records] == [
        (1, "workspace.added"),
        (2, "bundle.published"),
        (3, "bundle.activated"),
    ]
    assert records[2].details == {"revision": 1, "generation": 1, "kind": "manual", "reason": ""}


@pytest.mark.req("K-10")
def test_who_follows_the_audit_misses_nothing_that_others_write_at_once(world: StoreUnderTest) -> None:
    stores = (world.store, world.open_replica(), world.open_replica())
    writers, each = 6, 10

    async def write(place: int) -> None:
        for number in range(each):
            entry = AuditEntry(actor=f"writer {place}", action="worker.refused", subject=str(number))
            await stores[place % 3].audit.append([entry], now=world.now)

    async def follow() -> list[int]:
        seen: list[int] = []
        while len(seen) < writers * each:
            count = world.store.wakeups.count("audit")
            records = await world.store.audit.read_after(seen[-1] if seen else 0)
            seen += [one.sequence for one in records]
            if not records:
                await world.store.wakeups.wait("audit", seen=count, timeout_seconds=10)
        return seen

    async def race() -> list[int]:
        async with asyncio.timeout(60):
            followed, *_ = await asyncio.gather(follow(), *(write(place) for place in range(writers)))
            return followed

    assert world.run(race()) == list(range(1, writers * each + 1))


@pytest.mark.req("K-10")
def test_records_are_listed_for_who_may_see_their_workspace(world: StoreUnderTest) -> None:
    world.add_workspace("library")
    world.add_workspace("archive")
    world.add_runtimes("edge")
    audit = world.store.audit
    page = world.run(audit.list_records(limit=2))
    rest = world.run(audit.list_records(limit=2, cursor=page.next_cursor))
    assert [one.sequence for one in (*page.items, *rest.items)] == [3, 2, 1]
    within = world.run(audit.list_records(within=frozenset({"archive"}))).items
    assert [one.workspace for one in within] == ["archive"]
    assert [one.sequence for one in world.run(audit.read_after(1, within=frozenset({"archive"})))] == [2]


@pytest.mark.req("K-03", "K-10")
def test_a_record_of_changed_rules_says_what_they_are(world: StoreUnderTest) -> None:
    put = world.store.placements.put_policy
    other = msgspec.structs.replace(ANYWHERE, workspaces=("museum",))
    for generation, rule in enumerate((ANYWHERE, other)):
        world.run(put([rule], expected_generation=generation, actor="ann", now=world.now))
    records = world.run(world.store.audit.read_after(0))
    changes = [one.details["rules"] for one in records if one.action == "placement.changed"]
    assert changes == [[msgspec.json.decode(msgspec.json.encode(one))] for one in (ANYWHERE, other)]


@pytest.mark.req("K-10")
def test_each_record_is_chained_to_the_one_before(world: StoreUnderTest) -> None:
    world.add_workspace()
    world.publish("a")
    world.activate(1)
    previous = ""
    records = world.run(world.store.audit.read_after(0))
    assert len(records) == 3
    for record in records:
        previous = compute_record_hash(
            previous, record, sequence=record.sequence, recorded_at=world.now, token=record.token
        )
        assert record.hash == previous
