"""Claims that leave room for others, and values that no database holds; one suite on every database (K-04, K-08)."""

import pytest

from support.backend.store_under_test import StoreUnderTest
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.sync_status import PairKey

_EVERYWHERE = PlacementRule(
    id="everywhere", effect="allow", workspaces=("*",), runtimes=("*",), visibility=("private",)
)


def _claim(world: StoreUnderTest, **named: object) -> list[PairKey]:
    claims = world.run(
        world.store.claims.claim_due("one", limit=100, lease_seconds=60.0, now=world.now, **named)  # type: ignore[arg-type]
    )
    return sorted(claim.status.key for claim in claims)


@pytest.mark.req("K-04", "K-08")
def test_one_runtime_of_many_workspaces_takes_no_more_than_its_share_of_claims(world: StoreUnderTest) -> None:
    for workspace in ("a", "b", "c"):
        world.add_workspace(workspace)
    world.add_runtimes("edge", "far")
    world.run(
        world.store.placements.put_policy([_EVERYWHERE], expected_generation=0, actor="ann", now=world.now)
    )
    world.run(world.store.placements.apply_policy(now=world.now))
    first = _claim(world, most_of_each=2)
    assert sorted(key.runtime for key in first) == ["edge", "edge", "far", "far"]
    due = world.store.claims.find_next_due
    assert world.run(due(now=world.now)) == world.now
    assert world.run(due(now=world.now, passing_over=frozenset({"edge", "far"}))) is None
    second = _claim(world, most_of_each=2, passing_over=frozenset({"edge"}))
    assert [key.runtime for key in second] == ["far"]


@pytest.mark.req("K-08")
def test_a_text_that_postgresql_cannot_hold_is_the_requests_fault(world: StoreUnderTest) -> None:
    if world.dialect == "sqlite":
        assert world.run(world.store.workspaces.find_workspace("a\0b")) is None
        return
    with pytest.raises(RequestInvalidError):
        world.run(world.store.workspaces.find_workspace("a\0b"))
