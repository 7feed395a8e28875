"""Choice of the Runtime of a new Worker: placement, then who is there and has the bundle (K-03, K-06); pure."""

from collections.abc import Sequence

from msgspec import Struct

from yoi_bundle.errors import YoiError
from yoi_wire.backend.errors import PlacementDeniedError
from yoi_wire.backend.placements import PlacementPolicy
from yoi_wire.backend.workers import WorkerOrder
from yoi_wire.errors import RuntimeUnavailableError
from yoi_workspace_server.placement import decide_placement
from yoi_workspace_server.runtimes import AWAY, RegisteredRuntime
from yoi_workspace_server.sync_status import RuntimeHoldings
from yoi_workspace_server.workers.orders import RefusedBy
from yoi_workspace_server.workspaces import Workspace


class Excluded(Struct, frozen=True, kw_only=True):
    """A Runtime that is not asked, and why."""

    runtime: str
    by: RefusedBy
    error: YoiError


class Choice(Struct, frozen=True, kw_only=True):
    """The Runtimes that may be asked, the best first, and those that are not."""

    candidates: tuple[RuntimeHoldings, ...]
    excluded: tuple[Excluded, ...]


def choose_runtimes(
    order: WorkerOrder,
    *,
    workspace: Workspace,
    policy: PlacementPolicy,
    known: Sequence[RuntimeHoldings],
) -> Choice:
    """Sort Runtimes into those that may be asked and those that may not.

    The best is one that has the bundle; among equals the one with the fewest Workers of the workspace, by its own
    word, then by name. Placement is decided anew: it may have changed since it was applied to the pairs.

    Args:
        order: What is asked for.
        workspace: Its workspace.
        policy: The placement rules.
        known: Those that come first, or the one that is asked for; see `PairRepository.list_holdings`.
    """
    candidates: list[RuntimeHoldings] = []
    excluded: list[Excluded] = []
    for one in known:
        if not _has_labels(order, one.runtime):
            continue
        reason = _find_reason(workspace, policy, one.runtime)
        if reason is None:
            candidates.append(one)
        else:
            excluded.append(reason)
    candidates.sort(key=lambda one: (not one.has_digest, one.workers, one.runtime.name))
    excluded.sort(key=lambda one: one.runtime)
    return Choice(candidates=tuple(candidates), excluded=tuple(excluded))


def _has_labels(order: WorkerOrder, runtime: RegisteredRuntime) -> bool:
    if order.runtime is not None and runtime.name != order.runtime:
        return False
    return all(runtime.labels.get(key) == value for key, value in order.labels.items())


def _find_reason(
    workspace: Workspace, policy: PlacementPolicy, runtime: RegisteredRuntime
) -> Excluded | None:
    decision = decide_placement(policy, workspace.placed, runtime.placed)
    if not decision.allowed:
        error = PlacementDeniedError(workspace.id, runtime.name, rule=decision.rule or "")
        return Excluded(runtime=runtime.name, by="placement", error=error)
    if runtime.reachability in AWAY:
        return Excluded(runtime=runtime.name, by="availability", error=RuntimeUnavailableError("unreachable"))
    return None
