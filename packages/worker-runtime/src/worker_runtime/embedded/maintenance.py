"""Maintenance of a Runtime: start, readiness, garbage collection, scrub."""

import asyncio

from msgspec import Struct

from worker_runtime.contract.caller import ALL_SCOPES, Caller
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.loading import load_bundle
from worker_runtime.embedded.operations.reproducing import Reproduction, reproduce_spec
from worker_runtime.embedded.operations.restoring import RestoreReport, recheck_worker, restore_workers
from worker_runtime.store.collector import Collected, collect
from worker_runtime.store.health import find_structural_damage, list_held_bundles
from worker_runtime.store.pins import decode_pins
from worker_runtime.store.scrub import ScrubStep, scrub_step
from worker_runtime.store.workers import find_worker, get_documents
from worker_runtime.store.workspaces import find_workspaces
from yoi_bundle.errors import YoiError
from yoi_wire.errors import WorkerNotFoundError
from yoi_wire.readiness import Readiness


class StartReport(Struct, frozen=True, kw_only=True):
    """What `start` found; nothing was restored from a damaged store."""

    readiness: Readiness
    workers: RestoreReport = RestoreReport()


class Maintenance:
    """Operations of the host itself; there is no caller, and no workspace is kept from it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def start(self) -> StartReport:
        """Check the store, and bring Workers back from their pins (W-02)."""
        readiness = await self.check_readiness()
        if any(problem["code"] == "store.corrupt" for problem in readiness.problems):
            return StartReport(readiness=readiness)
        report = await restore_workers(self._context)
        return StartReport(readiness=readiness, workers=report)

    async def check_readiness(self) -> Readiness:
        """Look at the store's structure, its records, and the manifests that are assigned or pinned (R-10)."""
        problems = await asyncio.to_thread(self._find_problems)
        return Readiness(ready=not problems, problems=tuple(problems))

    async def recheck_worker(self, caller: Caller, worker: str) -> str:
        """Apply host policy and facts of this moment to one Worker, as at each use of a grant (W-06)."""
        workspace_id = await asyncio.to_thread(self._get_workspace, caller, worker)
        return await recheck_worker(self._context, worker, workspace_id, restart=False)

    async def reproduce_worker(self, caller: Caller, worker: str) -> Reproduction:
        """Resolve a Worker again from its pins (W-04)."""
        return await asyncio.to_thread(self._reproduce, caller, worker)

    async def collect(self) -> Collected:
        """Take what nothing holds any more (R-06)."""
        context = self._context
        return await asyncio.to_thread(
            collect, context.database, retention=context.retention, now=context.clock.now()
        )

    async def scrub_step(self) -> ScrubStep:
        """Read on, a few mebibytes; call it again and again (R-03)."""
        now = self._context.clock.now()
        step = await asyncio.to_thread(scrub_step, self._context.database, now=now)
        if step.quarantined:
            self._context.manifests.clear()
        return step

    def _find_problems(self) -> list[dict[str, object]]:
        context = self._context
        try:
            with context.database.read() as connection:
                damaged = find_structural_damage(connection)
                held = [] if damaged else list_held_bundles(connection)
        except YoiError as error:
            return [_describe(error)]
        problems: list[dict[str, object]] = [
            {"code": "store.corrupt", "details": {"what": what}} for what in damaged
        ]
        for issuer, workspace, digest in held:
            caller = Caller(kind="local", issuer=issuer, workspaces=frozenset({workspace}), scopes=ALL_SCOPES)
            try:
                load_bundle(context, caller, digest)
            except YoiError as error:
                problems.append(_describe(error))
        return problems

    def _get_workspace(self, caller: Caller, worker: str) -> int:
        with self._context.database.read() as connection:
            known = find_workspaces(connection, caller.issuer, caller.workspaces)
            row = find_worker(connection, known.keys(), worker)
        if row is None:
            raise WorkerNotFoundError(worker)
        return row.workspace_id

    def _reproduce(self, caller: Caller, worker: str) -> Reproduction:
        with self._context.database.read() as connection:
            known = find_workspaces(connection, caller.issuer, caller.workspaces)
            row = find_worker(connection, known.keys(), worker)
            if row is None:
                raise WorkerNotFoundError(worker)
            documents = get_documents(connection, row)
        return reproduce_spec(self._context, decode_pins(documents.pins), documents.spec)


def _describe(error: YoiError) -> dict[str, object]:
    return {"code": error.code, "details": error.details()}
