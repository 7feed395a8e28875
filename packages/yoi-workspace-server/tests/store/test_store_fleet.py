"""Runtimes, placement, and how workspaces stand on Runtimes; one suite on every database (K-08)."""

import asyncio

import pytest

from support.backend.store_under_test import ANYWHERE, StoreUnderTest
from worker_runtime.contract.runtime_info import BuiltinSetInfo, RuntimeInfo
from yoi_wire.backend.errors import RuntimeConflictError, RuntimeNotFoundError
from yoi_wire.backend.placements import PlacementPolicy
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.backend.workspaces import WorkspaceChange
from yoi_wire.clock import MINUTE, format_instant
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.runtimes import NewRuntime, RuntimeContact, SafeProblem
from yoi_workspace_server.sync_plan import Observed
from yoi_workspace_server.sync_status import (
    MAX_RAISES,
    BundleRejection,
    Claim,
    Holdings,
    PairKey,
    Settlement,
)

pytestmark = pytest.mark.req("K-08")

_EDGE = PairKey("edge", "library")


def _info(*, version: str = "1.0", policy: str = "p1") -> RuntimeInfo:
    return RuntimeInfo(
        id="id-edge",
        version=version,
        api_versions=(1,),
        schema_versions=(1,),
        features=(),
        limits={"blobs": 20_000},
        resolver_version="1",
        builtin=BuiltinSetInfo(digest="sha256:" + "0" * 64, profiles=()),
        labels={"said": "by itself"},
        policy_generation=policy,
    )


def _fill(world: StoreUnderTest, *runtimes: str) -> str:
    """Publish and activate a bundle that all these Runtimes may have, and return its digest."""
    world.add_workspace()
    digest = world.publish("a").digest
    world.add_runtimes(*runtimes)
    world.place_everywhere()
    world.activate(1)
    return digest


def _observe(world: StoreUnderTest, claim: Claim) -> Observed:
    desired = claim.status.desired
    assert desired is not None
    return Observed(
        observed_at=format_instant(world.now),
        generation=desired.generation,
        digest=desired.digest,
        revision=desired.revision,
    )


def _succeed(world: StoreUnderTest, claim: Claim) -> Settlement:
    return Settlement(
        key=claim.status.key, lease=claim.lease, due_at=world.now + MINUTE, observed=_observe(world, claim)
    )


@pytest.mark.req("K-02")
def test_a_runtime_is_kept_as_it_was_added(world: StoreUnderTest) -> None:
    connection = RuntimeConnection(url="https://edge.example:8443", authority="PEM", fingerprint="ab")
    new = NewRuntime(
        name="edge",
        kind="remote",
        audience="id-edge",
        labels={"zone": "eu"},
        connection=connection,
        info=_info(),
    )
    added = world.run(world.store.runtimes.add_runtime(new, actor="ann", now=world.now))
    assert added == world.run(world.store.runtimes.get_runtime("edge"))
    assert (added.connection, added.info, added.labels) == (connection, _info(), {"zone": "eu"})
    assert (added.reachability, added.last_seen_at) == ("reachable", format_instant(world.now))


@pytest.mark.req("K-02")
def test_neither_name_nor_runtime_is_registered_twice(world: StoreUnderTest) -> None:
    world.add_runtimes("edge")
    for name, audience, reason in (("edge", "id-2", "name_exists"), ("other", "id-edge", "runtime_exists")):
        new = NewRuntime(name=name, kind="remote", audience=audience)
        with pytest.raises(RuntimeConflictError) as caught:
            world.run(world.store.runtimes.add_runtime(new, actor="ann", now=world.now))
        assert caught.value.reason == reason


@pytest.mark.req("K-02")
def test_runtimes_are_listed_changed_and_deleted_by_name(world: StoreUnderTest) -> None:
    world.add_runtimes("c", "a", "b")
    runtimes = world.store.runtimes
    page = world.run(runtimes.list_runtimes(limit=2))
    rest = world.run(runtimes.list_runtimes(limit=2, cursor=page.next_cursor))
    assert [one.name for one in (*page.items, *rest.items)] == ["a", "b", "c"]
    assert rest.next_cursor is None
    world.run(runtimes.change_runtime("a", labels={"zone": "eu"}, actor="ann", now=world.now))
    world.run(runtimes.delete_runtime("b", actor="ann", now=world.now))
    found = world.run(runtimes.get_runtimes(["a", "b", "nowhere"]))
    assert {name: one.labels for name, one in found.items()} == {"a": {"zone": "eu"}}
    with pytest.raises(RuntimeNotFoundError):
        world.run(runtimes.delete_runtime("b", actor="ann", now=world.now))


@pytest.mark.req("K-03")
def test_rules_are_replaced_by_who_has_seen_the_present_ones(world: StoreUnderTest) -> None:
    put = world.store.placements.put_policy
    assert world.run(world.store.placements.get_policy()) == PlacementPolicy()
    first = world.run(put([ANYWHERE], expected_generation=0, actor="ann", now=world.now))
    assert first == PlacementPolicy(generation=1, rules=(ANYWHERE,))
    assert world.run(put([], expected_generation=0, actor="bob", now=world.now)) is None
    assert world.run(world.store.placements.get_policy()) == first


@pytest.mark.req("K-03", "R-11")
def test_each_change_of_placement_has_a_generation_above_all_before(world: StoreUnderTest) -> None:
    _fill(world, "edge", "core")
    gained = world.get_pair("edge")
    assert gained.placed
    assert gained.desired is not None
    put = world.store.placements.put_policy
    world.run(put([], expected_generation=1, actor="ann", now=world.now))
    lost = world.get_pair("edge")
    assert not lost.placed
    assert not world.get_pair("core").placed
    assert world.run(world.store.placements.apply_policy(now=world.now)) == ()
    assert lost.placement_generation > gained.desired.generation > gained.placement_generation
    world.place_everywhere()
    again = world.get_pair("edge")
    assert again.placed
    assert again.desired is not None
    assert again.desired.generation == again.placement_generation > lost.placement_generation


@pytest.mark.req("K-03")
def test_applying_the_rules_again_changes_nothing(world: StoreUnderTest) -> None:
    _fill(world, "edge")
    before = world.get_pair("edge")
    assert world.run(world.store.placements.apply_policy(now=world.now + 1)) == ()
    assert world.get_pair("edge") == before


@pytest.mark.req("K-03")
def test_what_is_added_or_changed_later_is_placed_by_the_same_rules(world: StoreUnderTest) -> None:
    _fill(world, "edge")
    world.add_runtimes("late")
    apply = world.store.placements.apply_policy
    assert world.run(apply(runtime="late", now=world.now)) == (PairKey("late", "library"),)
    world.add_workspace("archive")
    assert world.run(apply(workspace="archive", now=world.now)) == ()
    change = WorkspaceChange(visibility="public")
    world.run(world.store.workspaces.change_workspace("archive", change, actor="ann", now=world.now))
    assert world.run(apply(workspace="archive", now=world.now)) == ()
    assert world.run(world.store.pairs.find_pair(PairKey("edge", "archive"))) is None


@pytest.mark.req("K-04")
def test_two_claimers_never_get_the_same_pair(world: StoreUnderTest) -> None:
    names = [f"r{number:02}" for number in range(40)]
    _fill(world, *names)
    stores = (world.store, world.open_replica(), world.open_replica())

    async def claim_all(place: int) -> list[PairKey]:
        keys: list[PairKey] = []
        for _ in names:  # each round brings at least one, or there are none left
            claims = await stores[place % 3].claims.claim_due(
                f"owner {place}", limit=7, lease_seconds=30, now=world.now
            )
            keys += [claim.status.key for claim in claims]
            if not claims:
                break
        return keys

    async def race() -> list[list[PairKey]]:
        return await asyncio.gather(*(claim_all(place) for place in range(6)))

    taken = [key for some in world.run(race()) for key in some]
    assert sorted(taken) == [PairKey(name, "library") for name in names]


@pytest.mark.req("K-04")
def test_a_lease_that_expired_lets_another_one_claim(world: StoreUnderTest) -> None:
    _fill(world, "edge")
    first = world.claim()[_EDGE]
    assert world.claim(now=world.now + 29_999) == {}
    second = world.claim(now=world.now + 30_000)[_EDGE]
    assert second.lease > first.lease


@pytest.mark.req("K-04")
def test_settling_under_a_lost_lease_changes_nothing(world: StoreUnderTest) -> None:
    digest = _fill(world, "edge", "core")
    slow = world.claim()
    fast = world.claim(now=world.now + 30_000)[_EDGE]
    rejection = _reject(world, digest)
    entry = AuditEntry(actor="backend", action="sync.rejected", workspace="library", runtime="edge")
    before, sequence = world.get_pair("edge"), world.run(world.store.audit.find_last())
    late = Settlement(
        key=_EDGE,
        lease=slow[_EDGE].lease,
        due_at=world.now,
        observed=_observe(world, slow[_EDGE]),
        rejection=rejection,
        audit=(entry,),
    )
    assert world.settle(late) == frozenset()
    assert world.get_pair("edge") == before
    assert world.run(world.store.audit.find_last()) == sequence
    find_rejection = world.store.rejections.find_rejection
    kept = find_rejection("library", digest, runtime="edge", runtime_version="1.0", policy_generation="p1")
    assert world.run(kept) is None
    assert world.settle(_succeed(world, fast)) == {_EDGE}
    assert world.settle(_succeed(world, fast)) == frozenset()


@pytest.mark.req("K-04")
def test_a_batch_settles_those_of_which_the_lease_is_held(world: StoreUnderTest) -> None:
    _fill(world, "edge", "core")
    claims = world.claim()
    world.settle(_succeed(world, claims[_EDGE]))
    settled = world.settle(*(_succeed(world, claim) for claim in claims.values()))
    assert settled == {PairKey("core", "library")}


@pytest.mark.req("K-05")
def test_what_a_runtime_said_is_kept_and_nothing_else(world: StoreUnderTest) -> None:
    digest = _fill(world, "edge")
    claim = world.claim()[_EDGE]
    assert (claim.status.observed, claim.status.holdings) == (None, None)
    holdings = Holdings(observed_at=format_instant(world.now), stored=(digest,), workers={digest: 2})
    settlement = Settlement(
        key=_EDGE,
        lease=claim.lease,
        due_at=world.now + MINUTE,
        observed=_observe(world, claim),
        holdings=holdings,
    )
    world.settle(settlement)
    pair = world.get_pair("edge")
    assert (pair.observed, pair.holdings) == (settlement.observed, holdings)
    assert (pair.attempts, pair.problem) == (0, None)
    assert pair.last_success_at == pair.last_attempt_at == format_instant(world.now)
    assert pair.due_at == format_instant(world.now + MINUTE)


@pytest.mark.req("K-05")
def test_a_failure_is_counted_and_leaves_what_was_observed(world: StoreUnderTest) -> None:
    _fill(world, "edge")
    world.settle(_succeed(world, world.claim()[_EDGE]))
    observed = world.get_pair("edge").observed
    problem = SafeProblem(
        code="runtime.unavailable",
        retryable=True,
        occurred_at=format_instant(world.now),
        details={"reason": "unreachable"},
    )
    for attempt in (1, 2):
        world.now += 10 * MINUTE
        claim = world.claim()[_EDGE]
        world.settle(Settlement(key=_EDGE, lease=claim.lease, due_at=world.now + MINUTE, problem=problem))
        pair = world.get_pair("edge")
        assert (pair.attempts, pair.problem, pair.observed) == (attempt, problem, observed)
    claim = world.claim(now=world.now + MINUTE)[_EDGE]
    world.settle(_succeed(world, claim))
    assert (world.get_pair("edge").attempts, world.get_pair("edge").problem) == (0, None)


@pytest.mark.req("K-04")
def test_an_activation_during_an_attempt_makes_the_pair_due_again(world: StoreUnderTest) -> None:
    _fill(world, "edge")
    claim = world.claim()[_EDGE]
    world.publish("b")
    world.activate(2)
    assert world.claim() == {}
    world.settle(_succeed(world, claim))
    again = world.claim()[_EDGE]
    assert again.status.desired is not None
    assert again.status.desired.revision == 2


@pytest.mark.req("K-04")
def test_a_trigger_overrides_a_pause(world: StoreUnderTest) -> None:
    _fill(world, "edge", "core")
    world.settle(*(_succeed(world, claim) for claim in world.claim().values()))
    assert world.run(world.store.claims.find_next_due(now=world.now)) == world.now + MINUTE
    assert world.claim() == {}
    assert world.run(world.store.pairs.mark_due(runtime="edge", now=world.now)) == 1
    assert list(world.claim()) == [_EDGE]


@pytest.mark.req("K-04")
def test_one_pair_is_claimed_whether_due_or_not_but_only_by_one(world: StoreUnderTest) -> None:
    _fill(world, "edge")
    world.settle(_succeed(world, world.claim()[_EDGE]))
    claim_pair = world.store.claims.claim_pair
    claim = world.run(claim_pair(_EDGE, "here", lease_seconds=30, now=world.now))
    assert claim is not None
    assert world.run(claim_pair(_EDGE, "there", lease_seconds=30, now=world.now)) is None
    assert world.run(world.store.claims.release([claim], now=world.now)) == {_EDGE}
    assert world.run(claim_pair(_EDGE, "there", lease_seconds=30, now=world.now)) is not None
    unknown = PairKey("edge", "nowhere")
    assert world.run(claim_pair(unknown, "here", lease_seconds=30, now=world.now)) is None


@pytest.mark.req("K-04")
def test_a_lease_is_lengthened_by_its_owner_alone(world: StoreUnderTest) -> None:
    _fill(world, "edge")
    first = world.claim()[_EDGE]
    extend = world.store.claims.extend
    assert world.run(extend([first], lease_seconds=60, now=world.now + 20_000)) == {_EDGE}
    assert world.claim(now=world.now + 79_999) == {}
    world.claim(now=world.now + 80_000)
    assert world.run(extend([first], lease_seconds=60, now=world.now + 80_001)) == frozenset()


def _reject(world: StoreUnderTest, digest: str) -> BundleRejection:
    return BundleRejection(
        workspace="library",
        digest=digest,
        runtime="edge",
        runtime_version="1.0",
        policy_generation="p1",
        code="limit.exceeded",
        details={"limit": "blobs", "place": "/prompts/a"},
        rejected_at=format_instant(world.now),
    )


@pytest.mark.req("K-04")
@pytest.mark.parametrize("change", [{"version": "1.1"}, {"policy": "p2"}])
def test_a_rejection_holds_until_version_or_policy_changes(
    world: StoreUnderTest, change: dict[str, str]
) -> None:
    digest = _fill(world, "edge")
    contact = RuntimeContact(name="edge", reachability="reachable", info=_info())
    world.run(world.store.runtimes.record_contacts([contact], now=world.now))
    claim = world.claim()[_EDGE]
    rejection = _reject(world, digest)
    world.settle(Settlement(key=_EDGE, lease=claim.lease, due_at=world.now + MINUTE, rejection=rejection))
    assert world.run(world.store.rejections.list_in_force([_EDGE])) == {_EDGE: (rejection,)}
    assert world.claim(now=world.now + MINUTE)[_EDGE].rejected == digest
    changed = RuntimeContact(name="edge", reachability="reachable", info=_info(**change))
    later = world.now + 5 * MINUTE
    world.run(world.store.runtimes.record_contacts([changed], now=later))
    assert world.claim(now=later)[_EDGE].rejected is None


@pytest.mark.req("K-04")
def test_a_runtime_that_comes_back_makes_its_pairs_due(world: StoreUnderTest) -> None:
    _fill(world, "edge", "core")
    world.settle(*(_succeed(world, claim) for claim in world.claim().values()))
    contacts = [
        RuntimeContact(name="edge", reachability="reachable"),
        RuntimeContact(name="core", reachability="unreachable"),
        RuntimeContact(name="nowhere", reachability="reachable"),
    ]
    world.run(world.store.runtimes.record_contacts(contacts, now=world.now))
    assert list(world.claim()) == [_EDGE]
    found = world.run(world.store.runtimes.get_runtimes(["edge", "core"]))
    assert {name: one.reachability for name, one in found.items()} == {
        "edge": "reachable",
        "core": "unreachable",
    }
    assert found["core"].last_seen_at is None
    assert found["edge"].last_seen_at == format_instant(world.now)


def _hold(world: StoreUnderTest, generation: int, digest: str) -> Observed:
    return Observed(observed_at=format_instant(world.now), generation=generation, digest=digest, revision=1)


def _stay_ahead(world: StoreUnderTest, key: PairKey, digest: str, leap: int) -> Claim:
    """Settle as after an attempt that a Runtime refused because it is so far ahead; return the claim that was settled."""
    claim = world.run(world.store.claims.claim_pair(key, "here", lease_seconds=30, now=world.now))
    assert claim is not None and claim.status.desired is not None
    ahead = _hold(world, claim.status.desired.generation + leap, digest)
    problem = SafeProblem(code="assignment.stale", retryable=False, occurred_at=ahead.observed_at, details={})
    due = world.now + MINUTE
    world.settle(Settlement(key=key, lease=claim.lease, due_at=due, observed=ahead, problem=problem))
    return claim


@pytest.mark.req("R-11")
def test_a_generation_that_was_never_given_is_overtaken(world: StoreUnderTest) -> None:
    digest = _fill(world, "edge")
    claim = world.claim()[_EDGE]
    ahead = _hold(world, 500, digest)
    world.settle(Settlement(key=_EDGE, lease=claim.lease, due_at=world.now + MINUTE, observed=ahead))
    desired = world.claim()[_EDGE].status.desired
    assert desired is not None
    assert desired.generation == 501
    world.publish("b")
    world.activate(2)
    later = world.get_pair("edge").desired
    assert later is not None
    assert later.generation > 501


@pytest.mark.req("R-11")
def test_no_runtimes_word_moves_what_another_one_is_sent(world: StoreUnderTest) -> None:
    digest = _fill(world, "edge", "core")
    before = world.get_pair("core").desired
    counter = world.run(world.store.workspaces.get_workspace("library")).generation
    for leap in (1, 2**32, 2**53):
        _stay_ahead(world, _EDGE, digest, leap)
    assert world.get_pair("core").desired == before
    assert world.run(world.store.workspaces.get_workspace("library")).generation == counter


@pytest.mark.req("R-11", "K-04")
def test_a_runtime_that_stays_ahead_is_tried_less_and_less_and_then_left_to_its_operator(
    world: StoreUnderTest,
) -> None:
    digest = _fill(world, "edge")
    waits = []
    for _ in range(MAX_RAISES + 2):
        _stay_ahead(world, _EDGE, digest, 7)
        waits.append(world.get_pair("edge").due_at)
    now, later = format_instant(world.now), format_instant(world.now + MINUTE)
    assert waits == [now, now, *[later] * (MAX_RAISES - 2), None, None]
    status = world.get_pair("edge")
    assert status.problem is not None
    assert status.generation_offset < 7 * (MAX_RAISES + 1) + MAX_RAISES


@pytest.mark.req("R-11", "K-10")
def test_an_operator_resets_a_pair_that_was_given_up(world: StoreUnderTest) -> None:
    digest = _fill(world, "edge")
    own = world.get_pair("edge").desired
    _stay_ahead(world, _EDGE, digest, 2**53)
    assert world.get_pair("edge").due_at is None
    reset = world.store.pairs.reset_generations
    status = world.run(reset(_EDGE, actor="ann", now=world.now))
    assert status is not None
    assert (status.problem, status.raises, status.generation_offset) == (None, 0, 0)
    assert (status.due_at, status.desired) == (format_instant(world.now), own)
    record = world.run(world.store.audit.list_records(limit=1)).items[0]
    assert (record.action, record.runtime, record.workspace) == ("generation.reset", "edge", "library")
    assert world.run(reset(PairKey("edge", "museum"), actor="ann", now=world.now)) is None


@pytest.mark.req("R-11")
def test_a_success_ends_the_row_of_raises(world: StoreUnderTest) -> None:
    digest = _fill(world, "edge")
    for _ in range(MAX_RAISES):
        _stay_ahead(world, _EDGE, digest, 7)
    claim = world.run(world.store.claims.claim_pair(_EDGE, "here", lease_seconds=30, now=world.now))
    assert claim is not None
    world.settle(_succeed(world, claim))
    assert world.get_pair("edge").raises == 0


@pytest.mark.req("R-11")
@pytest.mark.parametrize("above", [41, 2**53 - 1, 2**53 + 5])
def test_a_leftover_is_withdrawn_above_its_generation_or_shown_as_a_problem(
    world: StoreUnderTest, above: int
) -> None:
    world.add_workspace()
    world.add_runtimes("edge")
    world.run(world.store.placements.withdraw_leftover(_EDGE, above=above, now=world.now))
    status = world.get_pair("edge")
    if above < 2**40:
        assert (status.withdrawal_generation, status.problem) == (above + 1, None)
        assert status.due_at == format_instant(world.now)
    else:
        assert status.problem is not None
        assert (status.problem.code, status.due_at) == ("assignment.stale", None)
        assert status.withdrawal_generation < 10
    assert world.run(world.store.workspaces.get_workspace("library")).generation < 10


@pytest.mark.req("R-11")
def test_a_wild_generation_is_not_adopted(world: StoreUnderTest) -> None:
    digest = _fill(world, "edge")
    claim = world.claim()[_EDGE]
    wild = _hold(world, 2**53 - 1, digest)
    world.settle(Settlement(key=_EDGE, lease=claim.lease, due_at=world.now + MINUTE, observed=wild))
    world.publish("b")
    assert world.activate(2) < 10
    assert world.get_pair("edge").generation_offset == 0


@pytest.mark.req("K-01", "R-11")
def test_revoking_the_active_bundle_has_it_withdrawn_everywhere(world: StoreUnderTest) -> None:
    digest = _fill(world, "edge")
    claim = world.claim()[_EDGE]
    world.settle(_succeed(world, claim))
    world.run(world.store.revocations.revoke_bundle("library", digest, actor="ann", reason="", now=world.now))
    status = world.claim()[_EDGE].status
    assert status.desired is None
    assert status.observed is not None
    assert status.withdrawal_generation > status.observed.generation


def test_pairs_come_in_pages_of_whom_may_be_seen(world: StoreUnderTest) -> None:
    _fill(world, "a", "b", "c")
    pairs = world.store.pairs
    first = world.run(pairs.list_pairs(limit=2))
    rest = world.run(pairs.list_pairs(limit=2, cursor=first.next_cursor))
    assert [one.key.runtime for one in (*first.items, *rest.items)] == ["a", "b", "c"]
    assert rest.next_cursor is None
    assert world.run(pairs.list_pairs(within=frozenset({"archive"}))).items == ()
    assert [one.key.runtime for one in world.run(pairs.list_pairs(runtime="b")).items] == ["b"]
