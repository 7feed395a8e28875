"""Which Runtimes come first when a Worker is to be created; one suite on every database (K-06)."""

import pytest

from support.backend.store_under_test import ANYWHERE, StoreUnderTest
from yoi_bundle.digest import compute_digest
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.clock import MINUTE, format_instant
from yoi_workspace_server.runtimes import NewRuntime, RuntimeContact
from yoi_workspace_server.sync_plan import Observed
from yoi_workspace_server.sync_status import Holdings, PairKey, RuntimeHoldings, Settlement

pytestmark = pytest.mark.req("K-06")

_OTHER = compute_digest(b"another bundle")
_DENY = PlacementRule(id="never", effect="deny", workspaces=("*",), runtimes=("denied",))


def _add(world: StoreUnderTest, name: str, **labels: str) -> None:
    new = NewRuntime(name=name, kind="remote", audience=f"id-{name}", labels=labels)
    world.run(world.store.runtimes.add_runtime(new, actor="ann", now=world.now))


def _contact(world: StoreUnderTest, **reachabilities: str) -> None:
    contacts = [
        RuntimeContact(name=name, reachability=how)  # type: ignore[arg-type]
        for name, how in reachabilities.items()
    ]
    world.run(world.store.runtimes.record_contacts(contacts, now=world.now))


def _place(world: StoreUnderTest, *rules: PlacementRule) -> None:
    policy = world.run(world.store.placements.get_policy())
    put = world.store.placements.put_policy(
        rules, expected_generation=policy.generation, actor="ann", now=world.now
    )
    world.run(put)
    world.run(world.store.placements.apply_policy(now=world.now))


def _say(
    world: StoreUnderTest,
    workspace: str = "library",
    *,
    assigned: dict[str, str],
    stored: dict[str, tuple[str, ...]],
    workers: dict[str, dict[str, int]],
) -> None:
    """Have Runtimes say what they have of a workspace."""
    instant = format_instant(world.now)
    settlements = []
    for key, claim in world.claim().items():
        name = key.runtime
        if key.workspace != workspace or not {name} & (set(assigned) | set(stored) | set(workers)):
            continue
        observed = Observed(observed_at=instant, generation=1, digest=assigned.get(name), revision=1)
        holdings = Holdings(observed_at=instant, stored=stored.get(name, ()), workers=workers.get(name, {}))
        settlements.append(
            Settlement(
                key=key,
                lease=claim.lease,
                due_at=world.now + MINUTE,
                observed=observed if name in assigned else None,
                holdings=holdings,
            )
        )
    assert len(world.settle(*settlements)) == len(settlements)


def _list(
    world: StoreUnderTest,
    digest: str | None,
    *,
    runtime: str | None = None,
    labels: dict[str, str] | None = None,
    limit: int = 20,
) -> tuple[RuntimeHoldings, ...]:
    return world.run(
        world.store.pairs.list_holdings(
            "library", digest=digest, runtime=runtime, labels=labels or {}, limit=limit
        )
    )


def _names(found: tuple[RuntimeHoldings, ...]) -> list[str]:
    return [one.runtime.name for one in found]


def _fill(world: StoreUnderTest) -> str:
    """Register Runtimes that have the active bundle, or do not, and say so; return its digest."""
    world.add_workspace()
    world.add_workspace("garden")
    digest = world.publish("a").digest
    for name in ("new", "assigned", "stored", "busy", "working", "idle", "denied", "away", "gone"):
        _add(world, name)
    _place(world, ANYWHERE, _DENY)
    world.activate(1)
    _say(
        world,
        assigned={"assigned": digest, "gone": digest, "idle": _OTHER},
        stored={"stored": (_OTHER, digest), "busy": (digest,)},
        workers={
            "assigned": {digest: 2},
            "stored": {digest: 1},
            "busy": {digest: 40, _OTHER: 60},
            "working": {digest: 1},
            "idle": {},
        },
    )
    _contact(world, away="unreachable", gone="incompatible", denied="unreachable", idle="reachable")
    return digest


def test_the_best_come_first_then_who_is_away_then_who_may_not(world: StoreUnderTest) -> None:
    digest = _fill(world)
    found = _list(world, digest)
    assert _names(found) == [
        *("stored", "assigned", "busy"),
        *("idle", "new", "working"),
        *("away", "gone"),
        "denied",
    ]
    assert [(one.has_digest, one.workers) for one in found] == [
        *((True, 1), (True, 2), (True, 100)),
        *((False, 0), (False, 0), (False, 1)),
        *((False, 0), (True, 0)),
        (False, 0),
    ]
    assert found[0].runtime == world.run(world.store.runtimes.get_runtime("stored"))


def test_without_a_bundle_the_fewest_workers_decide(world: StoreUnderTest) -> None:
    _fill(world)
    found = _list(world, None)
    assert _names(found)[:6] == ["idle", "new", "stored", "working", "assigned", "busy"]
    assert all(one.has_digest for one in found)


def test_each_sort_is_bounded_by_itself(world: StoreUnderTest) -> None:
    digest = _fill(world)
    assert _names(_list(world, digest, limit=1)) == ["stored", "away", "denied"]
    assert _names(_list(world, digest, limit=2)) == ["stored", "assigned", "away", "gone", "denied"]


def test_what_is_known_of_another_workspace_counts_for_nothing(world: StoreUnderTest) -> None:
    world.add_workspace()
    world.add_workspace("garden")
    digest = world.publish("a").digest
    world.add_runtimes("left", "right")
    _place(world, PlacementRule(id="all", effect="allow", workspaces=("library", "garden"), runtimes=("*",)))
    _say(
        world,
        "garden",
        assigned={"right": digest},
        stored={"right": (digest,)},
        workers={"right": {digest: 7}},
    )
    assert world.get_pair("right", "garden").holdings is not None
    assert [(one.runtime.name, one.has_digest, one.workers) for one in _list(world, digest)] == [
        ("left", False, 0),
        ("right", False, 0),
    ]


def test_labels_are_compared_whole_and_a_runtime_that_is_named_is_found_whatever_it_has(
    world: StoreUnderTest,
) -> None:
    world.add_workspace()
    _add(world, "both", zone="eu", rack="a/1")
    _add(world, "one", zone="eu")
    _add(world, "other", zone="EU", rack="a/1")
    _add(world, "longer", zone="eu-1", rack="a/1")
    _add(world, "elsewhere", area="eu", rack="a/1")
    _add(world, "bare")
    assert _names(_list(world, None, labels={"zone": "eu"})) == ["both", "one"]
    assert _names(_list(world, None, labels={"zone": "eu", "rack": "a/1"})) == ["both"]
    assert _names(_list(world, None, runtime="bare", labels={"zone": "eu"})) == ["bare"]
    assert _list(world, None, runtime="unknown") == ()


def test_a_pair_that_lost_its_placement_is_one_that_may_not(world: StoreUnderTest) -> None:
    digest = _fill(world)
    _place(world, _DENY)
    assert world.get_pair("stored").placed is False
    assert world.run(world.store.pairs.find_pair(PairKey("denied", "library"))) is None
    found = _list(world, digest)
    assert _names(found) == sorted(_names(found))
    assert {one.runtime.name for one in found if one.has_digest} == {"stored", "assigned", "busy", "gone"}
