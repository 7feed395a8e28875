"""Which Runtimes a principal sees: all, or those that may receive a workspace of its token (K-07)."""

from yoi_wire.backend.errors import RuntimeNotFoundError
from yoi_wire.backend.placements import PlacementPolicy
from yoi_wire.paging import MAX_PAGE_SIZE, Page, collect_pages, iterate_pages
from yoi_workspace_server.placement import PlacedWorkspace, may_receive
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.runtimes import RegisteredRuntime
from yoi_workspace_server.store.store import Store


class RuntimeSight:
    """What one principal sees of the registry, by the placement rules as they were read."""

    def __init__(self, policy: PlacementPolicy, workspaces: tuple[PlacedWorkspace, ...] | None) -> None:
        self._policy = policy
        self._workspaces = workspaces

    def sees(self, runtime: RegisteredRuntime) -> bool:
        if self._workspaces is None:
            return True
        return any(may_receive(self._policy, one, runtime.placed) for one in self._workspaces)


async def read_sight(store: Store, principal: Principal) -> RuntimeSight:
    """Read the rules, and the workspaces that the principal sees."""
    if principal.workspaces is None:
        return RuntimeSight(PlacementPolicy(), None)
    workspaces = await collect_pages(
        lambda cursor: store.workspaces.list_workspaces(
            within=principal.workspaces, limit=MAX_PAGE_SIZE, cursor=cursor
        )
    )
    return RuntimeSight(await store.placements.get_policy(), tuple(one.placed for one in workspaces))


async def list_visible(
    store: Store, principal: Principal, *, limit: int, cursor: str | None
) -> Page[RegisteredRuntime]:
    """List Runtimes by name; neither a page nor its cursor tells of one that the principal does not see."""
    sight = await read_sight(store, principal)
    seen: list[RegisteredRuntime] = []
    pages = iterate_pages(lambda last: store.runtimes.list_runtimes(limit=limit, cursor=last), cursor=cursor)
    async for page in pages:
        seen += [one for one in page.items if sight.sees(one)]
        if len(seen) > limit:
            return Page(items=tuple(seen[:limit]), next_cursor=seen[limit - 1].name)
    return Page(items=tuple(seen), next_cursor=None)


async def get_visible(store: Store, principal: Principal, name: str) -> RegisteredRuntime:
    """Return a Runtime.

    Raises:
        RuntimeNotFoundError: There is none of this name that the principal sees.
    """
    found = await store.runtimes.get_runtime(name)
    if not (await read_sight(store, principal)).sees(found):
        raise RuntimeNotFoundError(name)
    return found
