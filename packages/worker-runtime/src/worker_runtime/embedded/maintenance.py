"""Maintenance of a Runtime: start, readiness, garbage collection, scrub."""

import asyncio

from msgspec import Struct

from worker_runtime.contract.caller import ALL_SCOPES, Caller
from worker_runtime.contract.workers import Forecast
from worker_runtime.embedded.live_rights import LiveRights
from worker_runtime.embedded.operations.assignments import reset as reset_assignment
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.loading import load_bundle
from worker_runtime.embedded.operations.reproducing import Reproduction, reproduce_spec
from worker_runtime.embedded.operations.restoring import (
    RestoreReport,
    forecast_workers,
    recheck_worker,
    restore_workers,
)
from worker_runtime.store.collector import Collected, collect
from worker_runtime.store.scrub import ScrubStep, find_structural_damage, list_held_bundles, scrub_step
from worker_runtime.store.workers import decode_pins, find_worker, get_documents
from worker_runtime.store.workspaces import find_workspaces
from yoi_bundle.errors import YoiError
from yoi_wire.errors import WorkerNotFoundError
from yoi_wire.event_log import EventLog
from yoi_wire.readiness import Readiness


class StartReport(Struct, frozen=True, kw_only=True):
    """What `start` found; nothing was restored from a damaged store."""

    readiness: Readiness
    workers: RestoreReport = RestoreReport()


def _describe(error: YoiError) -> dict[str, object]:
    return {"code": error.code, "details": error.details()}


_STEP_SECONDS = 10.0
_STEPS_A_COLLECTION = 30


class Maintenance:
    """Operations of the host itself; there is no caller, and no workspace is kept from it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._has_warm_scanner = False

    async def start(self) -> StartReport:
        """Check the store, and bring Workers back from their pins (W-02)."""
        readiness = await self.check_readiness()
        if any(problem["code"] == "store.corrupt" for problem in readiness.problems):
            return StartReport(readiness=readiness)
        report = await restore_workers(self._context)
        return StartReport(readiness=readiness, workers=report)

    async def warm_scanner(self) -> None:
        """Compile the scanner's rules where host policy will need them, once, so that no request waits for that (B-07)."""
        if not self._has_warm_scanner and self._context.host.rechecks_text:
            await asyncio.to_thread(self._context.scanner.scan, [("warm", b"word")])
            self._has_warm_scanner = True

    async def check_readiness(self) -> Readiness:
        """Look at the store's structure, its records, and the manifests that are assigned or pinned (R-10)."""
        problems = await asyncio.to_thread(self._find_problems)
        return Readiness(ready=not problems, problems=tuple(problems))

    async def recheck_worker(self, caller: Caller, worker: str) -> str:
        """Apply host policy and facts of this moment to one Worker, as at each use of a grant (W-06)."""
        workspace_id = await asyncio.to_thread(self._get_workspace, caller, worker)
        return (await recheck_worker(self._context, worker, workspace_id, restart=False)).outcome

    async def forecast_workers(self) -> tuple[Forecast, ...]:
        """Say what this Runtime's host policy and facts would make of each live Worker; changes nothing (X-13)."""
        return await forecast_workers(self._context)

    @property
    def live_rights(self) -> LiveRights:
        """A look at what the host grants live Workers; it remembers between its own checks alone (X-13)."""
        return LiveRights(self._context)

    async def reproduce_worker(self, caller: Caller, worker: str) -> Reproduction:
        """Resolve a Worker again from its pins (W-04)."""
        return await asyncio.to_thread(self._reproduce, caller, worker)

    async def reset_assignment(self, workspace: str, *, issuer: str | None = None) -> tuple[str, ...]:
        """Forget an assignment with its generation; see `operations.assignments.reset`."""
        return await asyncio.to_thread(reset_assignment, self._context, workspace, issuer)

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


async def run_maintenance(maintenance: Maintenance, log: EventLog) -> None:
    """Check the store piece by piece and collect what nothing holds, until cancelled (R-03, R-06).

    A failure is logged, and the next round tries again.

    Args:
        maintenance: Of the Runtime; see `EmbeddedRuntime.maintenance`.
        log: Where what was found damaged, and each failure, is written.
    """
    steps = 0
    while True:
        try:
            await maintenance.warm_scanner()
            if steps:
                step = await maintenance.scrub_step()
                if step.quarantined:
                    log.event("quarantined", objects=len(step.quarantined))
                if steps % _STEPS_A_COLLECTION == 0:
                    await maintenance.collect()
        except YoiError as error:
            log.event("maintenance failed", code=error.code)
        except Exception as error:  # noqa: BLE001 - a supervising loop outlives what it supervises
            log.fault({}, error)
        await asyncio.sleep(_STEP_SECONDS)
        steps += 1
