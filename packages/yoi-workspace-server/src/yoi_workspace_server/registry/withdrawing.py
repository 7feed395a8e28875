"""Taking back what a Runtime was told: before it is removed, and when it comes with what it was told before (K-03)."""

import asyncio
from collections.abc import Sequence

from yoi_bundle.errors import YoiError
from yoi_wire.clock import Clock, format_instant
from yoi_wire.paging import MAX_PAGE_SIZE, collect_pages
from yoi_workspace_server.registry.dialing import Dialled
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.sync_plan import compute_state
from yoi_workspace_server.sync_status import PairKey, PairStatus

_LOOK_SECONDS = 0.2
_CONCURRENCY = 8


async def withdraw_assignments(
    store: Store, clock: Clock, runtime: str, *, actor: str, deadline_seconds: float
) -> tuple[str, ...]:
    """Have the reconcilers delete every assignment of a Runtime, and wait until it has confirmed that.

    A Runtime that never said a word of a workspace is not waited for on its account.

    Returns:
        The workspaces of which it has not by then, or could not be asked.
    """
    began = format_instant(clock.now())
    await store.placements.withdraw_runtime(runtime, actor=actor, now=clock.now())
    end = asyncio.get_running_loop().time() + deadline_seconds
    while True:
        seen = store.wakeups.count("audit")
        left = [status for status in await _list_pairs(store, runtime) if _may_be_assigned(status)]
        tried = all(one.problem is not None and one.problem.occurred_at >= began for one in left)
        if tried or asyncio.get_running_loop().time() >= end:
            return tuple(one.key.workspace for one in left)
        await store.wakeups.wait("audit", seen=seen, timeout_seconds=_LOOK_SECONDS)


async def withdraw_leftovers(store: Store, clock: Clock, runtime: str, dialled: Dialled) -> None:
    """Have assignments deleted that a Runtime kept from an earlier registration, and may not have any more.

    Asked once, when it is registered; what placement lets it have is set anew anyway. Workspaces that the Runtime does
    not trust this Backend with have no assignment of ours there.
    """
    known = {status.key.workspace for status in await _list_pairs(store, runtime)}
    unknown = [name for name in await _list_workspaces(store) if name not in known]
    limit = asyncio.Semaphore(_CONCURRENCY)

    async def look(workspace: str) -> None:
        async with limit:
            try:
                found = await dialled.api.get_assignment(dialled.build_caller(workspace), workspace)
            except YoiError:
                return
        if found.digest is not None:
            key = PairKey(runtime, workspace)
            await store.placements.withdraw_leftover(key, above=found.generation, now=clock.now())

    await asyncio.gather(*map(look, unknown))


def _may_be_assigned(status: PairStatus) -> bool:
    state = compute_state(
        placed=status.placed,
        desired=None,
        observed=status.observed,
        withdrawal_generation=status.placement_generation,
    )
    return status.observed is not None and state != "withdrawn"


async def _list_pairs(store: Store, runtime: str) -> Sequence[PairStatus]:
    return await collect_pages(
        lambda cursor: store.pairs.list_pairs(runtime=runtime, limit=MAX_PAGE_SIZE, cursor=cursor)
    )


async def _list_workspaces(store: Store) -> Sequence[str]:
    workspaces = await collect_pages(
        lambda cursor: store.workspaces.list_workspaces(limit=MAX_PAGE_SIZE, cursor=cursor)
    )
    return [one.id for one in workspaces]
