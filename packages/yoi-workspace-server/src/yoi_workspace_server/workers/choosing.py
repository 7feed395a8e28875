"""Which Runtime a Worker may go to: placement first, then who is there and has the bundle (K-03, K-06); pure."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from yoi_bundle.errors import YoiError
from yoi_wire.backend.errors import PlacementDeniedError
from yoi_wire.backend.placements import PlacementPolicy
from yoi_wire.backend.workers import WorkerOrder
from yoi_wire.errors import RuntimeUnavailableError
from yoi_workspace_server.placement import decide_placement
from yoi_workspace_server.runtimes import RegisteredRuntime
from yoi_workspace_server.sync_status import PairStatus
from yoi_workspace_server.workers.orders import RefusedBy
from yoi_workspace_server.workspaces import Workspace


class Candidate(Struct, frozen=True, kw_only=True):
    """A Runtime that may be asked.

    Attributes:
        has_digest: Whether it said itself that the wanted bundle is assigned or stored there.
    """

    runtime: RegisteredRuntime
    has_digest: bool


class Excluded(Struct, frozen=True, kw_only=True):
    """A Runtime that is not asked, and why."""

    runtime: str
    by: RefusedBy
    error: YoiError


class Choice(Struct, frozen=True, kw_only=True):
    """Candidates, the best first, and the Runtimes that are none."""

    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]


def choose_runtimes(
    order: WorkerOrder,
    digest: str | None,
    *,
    workspace: Workspace,
    policy: PlacementPolicy,
    runtimes: Sequence[RegisteredRuntime],
    pairs: Mapping[str, PairStatus],
) -> Choice:
    """Sort Runtimes into those that may be asked and those that may not.

    The best is one that has the bundle; among equals the one with the fewest Workers of the workspace, by its own
    word, then by name.

    Args:
        order: What is asked for.
        digest: The bundle's; None for a Worker of the built-in set.
        workspace: Its workspace.
        policy: The placement rules.
        runtimes: Those that are registered, or the one that is asked for.
        pairs: How the workspace stands on them, by name.
    """
    candidates: list[Candidate] = []
    excluded: list[Excluded] = []
    for runtime in runtimes:
        if not _has_labels(order, runtime):
            continue
        reason = _find_reason(workspace, policy, runtime)
        if reason is None:
            has_digest = digest is None or _says_it_has(pairs.get(runtime.name), digest)
            candidates.append(Candidate(runtime=runtime, has_digest=has_digest))
        else:
            excluded.append(reason)
    candidates.sort(
        key=lambda one: (
            not one.has_digest,
            _count_workers(pairs.get(one.runtime.name)),
            one.runtime.name,
        )
    )
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
    if runtime.reachability in {"unreachable", "unauthenticated", "incompatible"}:
        return Excluded(runtime=runtime.name, by="availability", error=RuntimeUnavailableError("unreachable"))
    return None


def _says_it_has(status: PairStatus | None, digest: str) -> bool:
    if status is None:
        return False
    assigned = status.observed.digest if status.observed is not None else None
    stored = status.holdings.stored if status.holdings is not None else ()
    return digest == assigned or digest in stored


def _count_workers(status: PairStatus | None) -> int:
    if status is None or status.holdings is None:
        return 0
    return sum(status.holdings.workers.values())
