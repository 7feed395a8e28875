"""Access to Workers that were created through the Backend: their records, and their Runtimes (K-06)."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.workers import Worker
from yoi_bundle.errors import YoiError
from yoi_wire.clock import Clock
from yoi_wire.errors import RuntimeUnavailableError, WorkerNotFoundError
from yoi_workspace_server.audit import AuditAction, AuditEntry
from yoi_workspace_server.placed_workers import PlacedWorker
from yoi_workspace_server.registry.dialer import Dialer
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.runtimes import AWAY
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.workers.foreign_errors import translate_errors

_CONCURRENCY = 16
_OBSERVE_SECONDS = 5.0


class ReachableWorker(Struct, frozen=True, kw_only=True):
    """A Worker that can be asked about.

    Attributes:
        id: The Runtime's own id for it.
    """

    record: PlacedWorker
    api: RuntimeApi
    caller: Caller
    id: str


class WorkerAccess:
    """Finds Workers for principals, and the Runtimes that have them."""

    def __init__(self, store: Store, dialer: Dialer, *, clock: Clock) -> None:
        self._store = store
        self._dialer = dialer
        self._clock = clock

    async def get_record(self, worker: str, principal: Principal) -> PlacedWorker:
        """Return a Worker's record.

        Raises:
            WorkerNotFoundError: There is none of this id, or it belongs to a workspace that the principal does not see.
        """
        record = await self._store.workers.get_worker(worker)
        if not principal.sees(record.workspace):
            raise WorkerNotFoundError(worker)
        return record

    async def reach(self, worker: str, principal: Principal) -> ReachableWorker:
        """Return a Worker with the way to its Runtime.

        Raises:
            WorkerNotFoundError: As for `get_record`; or the Runtime never said that it made it.
            RuntimeUnavailableError: Its Runtime is no longer registered, or is another one now.
        """
        return await self.dial(await self.get_record(worker, principal))

    async def dial(self, record: PlacedWorker) -> ReachableWorker:
        """Return the way to the Runtime of a Worker whose record was read; errors as in `reach`."""
        if record.runtime_worker is None:
            raise WorkerNotFoundError(record.id)
        runtime = await self._store.runtimes.find_runtime(record.runtime)
        if runtime is None or runtime.audience != record.audience:
            raise RuntimeUnavailableError("unreachable")
        dialled = self._dialer.dial(runtime)
        return ReachableWorker(
            record=record,
            api=dialled.api,
            caller=dialled.build_caller(record.workspace),
            id=record.runtime_worker,
        )

    async def observe(self, records: Sequence[PlacedWorker]) -> dict[str, Worker]:
        """Ask Runtimes how Workers are; those that nobody can say anything of in time are left out.

        Runtimes that are known to be away are not asked: a list does not wait for them.
        """
        runtimes = await self._store.runtimes.get_runtimes(sorted({one.runtime for one in records}))
        limit = asyncio.Semaphore(_CONCURRENCY)
        found: dict[str, Worker] = {}

        async def ask(record: PlacedWorker) -> None:
            runtime = runtimes.get(record.runtime)
            if runtime is None or runtime.audience != record.audience or record.runtime_worker is None:
                return
            if runtime.reachability in AWAY:
                return
            with suppress(YoiError):
                async with limit:
                    dialled = self._dialer.dial(runtime)
                    caller = dialled.build_caller(record.workspace)
                    found[record.id] = await dialled.api.get_worker(caller, record.runtime_worker)

        with suppress(TimeoutError):
            async with asyncio.timeout(_OBSERVE_SECONDS):
                await asyncio.gather(*(ask(record) for record in records))
        return found

    async def record_control(self, record: PlacedWorker, operation: str, *, actor: str) -> None:
        """Write down that somebody spoke to a Worker or ended it (K-10)."""
        entry = self._build_entry(record, "worker.controlled", actor, {"operation": operation})
        await self._store.audit.append([entry], now=self._clock.now())

    async def delete(self, worker: str, principal: Principal) -> None:
        """Delete a Worker that has ended, on its Runtime and here.

        Raises:
            WorkerNotFoundError, RuntimeUnavailableError: See `reach`.
            WorkerInvalidStateError: It has not ended.
        """
        record = await self.get_record(worker, principal)
        if record.runtime_worker is not None:
            found = await self.dial(record)
            # What the Runtime has no more was deleted before, and the word of it was lost on the way.
            with translate_errors(record), suppress(WorkerNotFoundError):
                await found.api.delete_worker(found.caller, found.id)
        entry = self._build_entry(record, "worker.deleted", principal.name, {})
        await self._store.workers.forget_worker(record.id, entry=entry, now=self._clock.now())

    @staticmethod
    def _build_entry(
        record: PlacedWorker, action: AuditAction, actor: str, details: dict[str, object]
    ) -> AuditEntry:
        return AuditEntry(
            actor=actor,
            action=action,
            workspace=record.workspace,
            runtime=record.runtime,
            subject=record.id,
            details=details,
        )
