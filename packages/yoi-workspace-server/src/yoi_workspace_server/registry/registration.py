"""Registration and removal of Runtimes; each change is followed by placement (K-02, K-03)."""

import asyncio
from collections.abc import Sequence

from worker_runtime.contract.compatibility import verify_compatible
from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_bundle.errors import YoiError
from yoi_wire.backend.errors import RuntimeConflictError
from yoi_wire.backend.placements import PlacementPolicy, PlacementRule
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.clock import Clock, format_instant
from yoi_wire.errors import RequestInvalidError, RuntimeIncompatibleError
from yoi_wire.paging import MAX_PAGE_SIZE, collect_pages
from yoi_workspace_server.registry.contacting import ask_info, contact_runtime
from yoi_workspace_server.registry.dialer import Dialer, Dialled
from yoi_workspace_server.runtimes import NewRuntime, RegisteredRuntime
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
        withdrawal_generation=status.withdrawal_generation,
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


WITHDRAWAL_SECONDS = 15.0
"""How long a removal waits for a Runtime to confirm that its assignments are gone; longer than a connection may take."""


class Registration:
    """Changes the registry and the placement rules, and applies the rules to what changed.

    Args:
        store: Where both are kept.
        dialer: The way to Runtimes.
        clock: The source of time.
    """

    def __init__(self, store: Store, dialer: Dialer, *, clock: Clock) -> None:
        self._store = store
        self._dialer = dialer
        self._clock = clock

    async def add_remote(
        self,
        name: str,
        connection: RuntimeConnection,
        *,
        audience: str,
        labels: dict[str, str],
        actor: str,
    ) -> RegisteredRuntime:
        """Register a remote Runtime; one that does not answer yet is registered all the same, and asked again.

        Raises:
            RuntimeConflictError: The name or the Runtime is registered already.
            RuntimeIncompatibleError: It answered, and cannot be spoken with.
            RequestInvalidError: It answered, and is another Runtime than was named.
        """
        probe = RegisteredRuntime(
            name=name,
            kind="remote",
            audience=audience,
            labels=labels,
            connection=connection,
            info=None,
            reachability="unknown",
            problem=None,
            last_seen_at=None,
            added_at=format_instant(self._clock.now()),
        )
        info = await self._ask(probe)
        if info is not None and info.id != audience:
            raise RequestInvalidError("another Runtime answers there", field="id")
        new = NewRuntime(
            name=name, kind="remote", audience=audience, labels=labels, connection=connection, info=info
        )
        added = await self._store.runtimes.add_runtime(new, actor=actor, now=self._clock.now())
        return await self._take_in(added, actor)

    async def add_embedded(
        self, name: str, info: RuntimeInfo, *, labels: dict[str, str], actor: str
    ) -> RegisteredRuntime:
        """Register the Runtime of this process, or find it registered already.

        Raises:
            RuntimeConflictError: Another process has registered one under the name (K-08), or this one under another.
        """
        found = await self._store.runtimes.find_runtime(name)
        if found is None or found.audience != info.id:
            new = NewRuntime(name=name, kind="embedded", audience=info.id, labels=labels, info=info)
            found = await self._store.runtimes.add_runtime(new, actor=actor, now=self._clock.now())
        return await self._take_in(found, actor)

    async def change(
        self,
        name: str,
        *,
        labels: dict[str, str] | None = None,
        connection: RuntimeConnection | None = None,
        actor: str,
    ) -> RegisteredRuntime:
        """Change labels or connection.

        Raises:
            RuntimeNotFoundError: There is none of this name.
        """
        await self._store.runtimes.change_runtime(
            name, labels=labels, connection=connection, actor=actor, now=self._clock.now()
        )
        await self._apply(runtime=name, actor=actor)
        await self._store.pairs.mark_due(runtime=name, now=self._clock.now())
        return await self._store.runtimes.get_runtime(name)

    async def remove(
        self, name: str, *, actor: str, force: bool = False, deadline_seconds: float = WITHDRAWAL_SECONDS
    ) -> None:
        """Have a Runtime's assignments deleted, then take it out of the registry; bundles and Workers stay there.

        Args:
            name: Which one.
            actor: Who asks for it.
            force: Remove it even when it has not confirmed that its assignments are gone.
            deadline_seconds: How long to wait for that.

        Raises:
            RuntimeNotFoundError: There is none of this name.
            RuntimeConflictError: It has assignments that it could not be asked to delete; it stays as it was.
        """
        await self._store.runtimes.get_runtime(name)
        left = await withdraw_assignments(
            self._store, self._clock, name, actor=actor, deadline_seconds=deadline_seconds
        )
        if left and not force:
            await self._apply(runtime=name, actor=actor)
            raise RuntimeConflictError(name, "still_assigned")
        await self._store.runtimes.delete_runtime(name, left=left, actor=actor, now=self._clock.now())
        self._dialer.forget(name)

    async def put_rules(
        self, rules: Sequence[PlacementRule], *, expected_generation: int, actor: str
    ) -> PlacementPolicy | None:
        """Replace the placement rules, unless somebody else has since the caller read them; None then."""
        if len({rule.id for rule in rules}) != len(rules):
            raise RequestInvalidError("two rules have one id", field="rules")
        return await self._store.placements.put_policy(
            rules, expected_generation=expected_generation, actor=actor, now=self._clock.now()
        )

    async def _take_in(self, runtime: RegisteredRuntime, actor: str) -> RegisteredRuntime:
        """Ask a Runtime how it is, let it have what it may have, and take from it what it may not."""
        contact = await contact_runtime(self._dialer, runtime, self._clock)
        await self._store.runtimes.record_contacts([contact], now=self._clock.now())
        await self._apply(runtime=runtime.name, actor=actor)
        if contact.reachability == "reachable":
            dialled = self._dialer.dial(runtime)
            await withdraw_leftovers(self._store, self._clock, runtime.name, dialled)
        return await self._store.runtimes.get_runtime(runtime.name)

    async def _apply(self, *, runtime: str | None = None, actor: str) -> None:
        await self._store.placements.apply_policy(runtime=runtime, actor=actor, now=self._clock.now())

    async def _ask(self, runtime: RegisteredRuntime) -> RuntimeInfo | None:
        try:
            info = await ask_info(self._dialer.dial(runtime))
        except RuntimeIncompatibleError:
            raise
        except YoiError:
            return None
        finally:
            self._dialer.forget(runtime.name)
        verify_compatible(info)
        return info
