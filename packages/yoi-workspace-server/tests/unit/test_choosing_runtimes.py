"""Which Runtime a Worker goes to, decided from what was read: placement anew, then the best first (K-03, K-06)."""

import pytest

from yoi_wire.backend.errors import PlacementDeniedError
from yoi_wire.backend.placements import PlacementPolicy, PlacementRule
from yoi_wire.backend.workers import WorkerOrder
from yoi_wire.backend.workspaces import PublishedSource
from yoi_wire.errors import RuntimeUnavailableError
from yoi_workspace_server.runtimes import Reachability, RegisteredRuntime
from yoi_workspace_server.sync_status import RuntimeHoldings
from yoi_workspace_server.workers.creation import choose_runtimes
from yoi_workspace_server.workspaces import Workspace

_ORDER = WorkerOrder(workspace="library", key="first", selector="default")
_WORKSPACE = Workspace(
    id="library",
    title="Library",
    held=False,
    suspended=False,
    generation=0,
    source=PublishedSource(),
    automatic=True,
    visibility="private",
    active=None,
    created_at="2026-01-01T00:00:00.000Z",
)


def _know(
    name: str, *, reachability: Reachability = "reachable", has_digest: bool = False, workers: int = 0
) -> RuntimeHoldings:
    runtime = RegisteredRuntime(
        name=name,
        kind="remote",
        audience=f"id-{name}",
        labels={"zone": "eu"},
        connection=None,
        info=None,
        reachability=reachability,
        problem=None,
        last_seen_at=None,
        added_at="2026-01-01T00:00:00.000Z",
    )
    return RuntimeHoldings(runtime=runtime, has_digest=has_digest, workers=workers)


def _allow(*runtimes: str) -> PlacementPolicy:
    rule = PlacementRule(id="these", effect="allow", workspaces=("library",), runtimes=runtimes)
    return PlacementPolicy(rules=(rule,))


@pytest.mark.req("K-06")
def test_who_has_the_bundle_comes_before_who_has_fewer_workers_and_then_the_name_decides() -> None:
    known = [
        _know("d", workers=0),
        _know("c", has_digest=True, workers=9),
        _know("b", has_digest=True, workers=3),
        _know("a", workers=0),
    ]
    choice = choose_runtimes(_ORDER, workspace=_WORKSPACE, policy=_allow("*"), known=known)
    assert [one.runtime.name for one in choice.candidates] == ["b", "c", "a", "d"]
    assert choice.excluded == ()


@pytest.mark.req("K-03")
def test_placement_is_decided_anew_whatever_sort_a_runtime_was_read_as() -> None:
    """Rules change in one transaction with pairs, labels do not; what was read first may be denied by now."""
    known = [_know("denied", has_digest=True), _know("allowed")]
    choice = choose_runtimes(_ORDER, workspace=_WORKSPACE, policy=_allow("allowed"), known=known)
    assert [one.runtime.name for one in choice.candidates] == ["allowed"]
    (excluded,) = choice.excluded
    assert (excluded.runtime, excluded.by) == ("denied", "placement")
    assert isinstance(excluded.error, PlacementDeniedError)


@pytest.mark.req("K-06")
@pytest.mark.parametrize("reachability", ["unreachable", "unauthenticated", "incompatible"])
def test_who_is_away_is_not_asked_and_those_who_are_not_asked_come_by_name(
    reachability: Reachability,
) -> None:
    known = [_know("z", reachability=reachability), _know("y"), _know("a")]
    choice = choose_runtimes(_ORDER, workspace=_WORKSPACE, policy=_allow("z", "y"), known=known)
    assert [one.runtime.name for one in choice.candidates] == ["y"]
    assert [(one.runtime, one.by) for one in choice.excluded] == [("a", "placement"), ("z", "availability")]
    assert isinstance(choice.excluded[1].error, RuntimeUnavailableError)
