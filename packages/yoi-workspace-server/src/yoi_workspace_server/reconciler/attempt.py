"""Attempt of the reconciler to bring one Runtime nearer to what one workspace should be there (K-04)."""

import re
from collections.abc import Callable

from msgspec.structs import replace

from worker_runtime.contract.assignments import Assignment
from worker_runtime.contract.compatibility import verify_compatible
from worker_runtime.sync.bundle_sync import sync_bundle
from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.errors import YoiError
from yoi_wire.clock import MILLISECONDS_A_SECOND, Clock, format_instant
from yoi_wire.error_details import clean_code, clean_details
from yoi_wire.errors import AssignmentConflictError, AssignmentStaleError, RemoteFaultError
from yoi_wire.paging import MAX_PAGE_SIZE
from yoi_workspace_server.audit import SYSTEM_ACTOR, AuditAction, AuditEntry
from yoi_workspace_server.reconciler.bundle_cache import BundleCache
from yoi_workspace_server.reconciler.settings import ReconcilerSettings
from yoi_workspace_server.registry.contacting import ask_info
from yoi_workspace_server.registry.dialer import Dialer, Dialled
from yoi_workspace_server.runtimes import RegisteredRuntime, RuntimeContact, SafeProblem, describe_problem
from yoi_workspace_server.store.database.statements import parse_instant
from yoi_workspace_server.sync_plan import Assign, Hold, Nothing, Observed, Send, Withdraw, plan_sync
from yoi_workspace_server.sync_status import BundleRejection, Claim, Holdings, PairStatus, Settlement


def _plan(claim: Claim) -> Nothing | Assign | Send | Withdraw | Hold:
    status = claim.status
    return plan_sync(
        placed=status.placed,
        desired=status.desired,
        observed=status.observed,
        withdrawal_generation=status.withdrawal_generation,
        rejected=claim.rejected,
        held=frozenset(status.holdings.stored) if status.holdings else frozenset(),
    )


def needs_inspection(
    status: PairStatus, observed: Observed | None, settings: ReconcilerSettings, *, now: int
) -> bool:
    """Tell whether to ask for more than the assignment: when that was so already, and what is known has grown old.

    A sync that changed something costs no further requests; its pair is due again soon.
    """
    before = status.observed
    if observed is None or before is None:
        return False
    if (before.digest, before.generation) != (observed.digest, observed.generation):
        return False
    known = status.holdings
    if known is None or (observed.digest is not None and observed.digest not in known.stored):
        return True
    return now - parse_instant(known.observed_at) >= settings.inspect_seconds * MILLISECONDS_A_SECOND


async def inspect_holdings(dialled: Dialled, workspace: str, clock: Clock) -> Holdings:
    """Ask which bundles are complete there, the newest 500, and which Workers pin each of them.

    A Runtime keeps about ten of a workspace, and those that Workers pin, however old.

    Raises:
        YoiError: The Runtime did not say.
    """
    caller = dialled.build_caller(workspace)
    page = await dialled.api.list_bundles(caller, workspace=workspace, limit=MAX_PAGE_SIZE)
    workers: dict[str, int] = {}
    lacking: dict[str, tuple[str, ...]] = {}
    stored = [entry.digest for entry in page.items if entry.state == "stored"]
    for digest in stored:
        try:
            status = await dialled.api.get_bundle_status(caller, digest)
        except YoiError as error:
            if error.code != "bundle.missing":
                raise
            continue
        if status.workers:
            workers[digest] = len(status.workers)
        for one in status.rejected_profiles:
            lacking[f"{digest}/{one.profile}"] = one.lacking
    return Holdings(
        observed_at=format_instant(clock.now()), stored=tuple(stored), workers=workers, lacking=lacking
    )


_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def observe_assignment(assignment: Assignment, now: int) -> Observed:
    """Take a Runtime's word on an assignment.

    Raises:
        RemoteFaultError: It is none that this Backend could keep.
    """
    numbers = (assignment.generation, assignment.revision or 0)
    sound = assignment.digest is None or _DIGEST.fullmatch(assignment.digest)
    if not sound or not all(0 <= number <= MAX_SAFE_INTEGER for number in numbers):
        raise RemoteFaultError("an assignment of another form than this version knows")
    return Observed(
        observed_at=format_instant(now),
        generation=assignment.generation,
        digest=assignment.digest,
        revision=assignment.revision,
    )


def _describe(problem: SafeProblem) -> dict[str, object]:
    return {"code": problem.code, "details": problem.details}


def _record(claim: Claim, action: AuditAction, details: dict[str, object]) -> AuditEntry:
    status = claim.status
    return AuditEntry(
        actor=SYSTEM_ACTOR,
        action=action,
        workspace=status.key.workspace,
        runtime=status.key.runtime,
        subject=status.desired.digest if status.desired else "",
        details=details,
    )


def _at(now: int, seconds: float) -> int:
    return now + int(seconds * MILLISECONDS_A_SECOND)


def settle_success(
    claim: Claim,
    settings: ReconcilerSettings,
    *,
    observed: Observed | None,
    holdings: Holdings | None,
    now: int,
    draw: float,
) -> Settlement:
    """Write down what the Runtime said; it is asked again after a while, and sooner when more is to be learnt of it."""
    status = claim.status
    known = holdings or status.holdings
    digest = observed.digest if observed is not None else None
    curious = digest is not None and (known is None or digest not in known.stored)
    wait = settings.spread(settings.probe_seconds if curious else settings.confirm_seconds, draw)
    changed = observed is not None and (
        status.observed is None
        or (observed.digest, observed.generation) != (status.observed.digest, status.observed.generation)
    )
    action: AuditAction = "sync.succeeded" if digest is not None else "sync.withdrawn"
    audit = (_record(claim, action, {"generation": observed.generation}),) if changed and observed else ()
    return Settlement(
        key=status.key,
        lease=claim.lease,
        due_at=_at(now, wait),
        observed=observed,
        holdings=holdings,
        audit=audit,
    )


def settle_idle(claim: Claim, settings: ReconcilerSettings, *, now: int, draw: float) -> Settlement:
    """There was nothing to ask of the Runtime."""
    wait = settings.spread(settings.confirm_seconds, draw)
    return Settlement(
        key=claim.status.key,
        lease=claim.lease,
        due_at=_at(now, wait),
        asked=False,
        problem=claim.status.problem,
    )


def settle_failure(
    claim: Claim,
    settings: ReconcilerSettings,
    error: YoiError,
    *,
    observed: Observed | None = None,
    now: int,
    draw: float,
) -> Settlement:
    """Write down why an attempt failed; back off as its problem says."""
    status = claim.status
    problem = describe_problem(
        error, occurred_at=format_instant(now), request_id=getattr(error, "request_id", "")
    )
    if isinstance(error, AssignmentStaleError | AssignmentConflictError) and status.raises == 0:
        # Somebody newer has been there: look at it again soon, with what the database says by then.
        wait = settings.spread(settings.backoff.first_seconds, draw)
    elif error.retryable or isinstance(error, AssignmentStaleError | AssignmentConflictError):
        wait = settings.backoff.compute_wait(error, failures=status.attempts + 1, draw=draw)
    else:
        wait = settings.spread(settings.hopeless_seconds, draw)
    new = status.problem is None or status.problem.code != problem.code
    audit = (_record(claim, "sync.failed", _describe(problem)),) if new else ()
    return Settlement(
        key=status.key,
        lease=claim.lease,
        due_at=_at(now, wait),
        observed=observed,
        problem=problem,
        audit=audit,
    )


def settle_rejection(
    claim: Claim, settings: ReconcilerSettings, rejection: BundleRejection, *, now: int, draw: float
) -> Settlement:
    """Write down that the Runtime, as it is, will not have these bytes; they are not sent again until it changes."""
    problem = SafeProblem(
        code=rejection.code,
        retryable=False,
        occurred_at=format_instant(now),
        details=rejection.details,
    )
    return Settlement(
        key=claim.status.key,
        lease=claim.lease,
        due_at=_at(now, settings.spread(settings.confirm_seconds, draw)),
        problem=problem,
        rejection=rejection,
        audit=(_record(claim, "sync.rejected", _describe(problem)),),
    )


class Attempts:
    """Makes attempts.

    Args:
        dialer: The way to Runtimes.
        cache: The bundles to send.
        settings: How long to wait afterwards.
        clock: The source of time.
        draw: Uniform in [0, 1), for jitter.
        report: Told what a Runtime was found to be, when it had to be asked.
    """

    def __init__(
        self,
        dialer: Dialer,
        cache: BundleCache,
        *,
        settings: ReconcilerSettings,
        clock: Clock,
        draw: Callable[[], float],
        report: Callable[[RuntimeContact], None],
    ) -> None:
        self._dialer = dialer
        self._cache = cache
        self._settings = settings
        self._clock = clock
        self._draw = draw
        self._report = report

    async def make(self, claim: Claim, runtime: RegisteredRuntime) -> Settlement:
        """Do the next step for a pair; every failure of the Runtime or the network becomes part of the settlement."""
        if claim.status.suspended:
            return await self._look(claim, runtime)
        step = _plan(claim)
        if isinstance(step, Nothing | Hold):
            return settle_idle(claim, self._settings, now=self._clock.now(), draw=self._draw())
        try:
            dialled = self._dialer.dial(runtime)
            await self._verify(runtime, dialled)
            observed = await self._carry_out(claim, step, dialled)
        except YoiError as error:
            return await self._settle_error(claim, runtime, step, error)
        holdings = None
        if needs_inspection(claim.status, observed, self._settings, now=self._clock.now()):
            try:
                holdings = await inspect_holdings(dialled, claim.status.key.workspace, self._clock)
            except YoiError as error:
                return settle_failure(
                    claim, self._settings, error, observed=observed, now=self._clock.now(), draw=self._draw()
                )
        return settle_success(
            claim,
            self._settings,
            observed=observed,
            holdings=holdings,
            now=self._clock.now(),
            draw=self._draw(),
        )

    async def _look(self, claim: Claim, runtime: RegisteredRuntime) -> Settlement:
        """Ask what is assigned there, and change nothing: what this Backend would send is old (K-08)."""
        workspace = claim.status.key.workspace
        try:
            dialled = self._dialer.dial(runtime)
            found = await dialled.api.get_assignment(dialled.build_caller(workspace), workspace)
            observed = observe_assignment(found, self._clock.now())
        except YoiError as error:
            return settle_failure(claim, self._settings, error, now=self._clock.now(), draw=self._draw())
        settled = settle_idle(claim, self._settings, now=self._clock.now(), draw=self._draw())
        return replace(settled, observed=observed)

    async def _verify(self, runtime: RegisteredRuntime, dialled: Dialled) -> None:
        """Have nothing done on a Runtime that this Backend cannot speak with (R-08)."""
        info = runtime.info
        if info is None:
            info = await ask_info(dialled)
            self._report(RuntimeContact(name=runtime.name, reachability="reachable", info=info))
        verify_compatible(info)

    async def _carry_out(self, claim: Claim, step: Assign | Send | Withdraw, dialled: Dialled) -> Observed:
        workspace = claim.status.key.workspace
        caller = dialled.build_caller(workspace)
        if isinstance(step, Withdraw):
            assignment = await dialled.api.delete_assignment(caller, workspace, step.generation)
            return observe_assignment(assignment, self._clock.now())
        desired = step.desired
        source = await self._cache.get_source(workspace, desired.digest, desired.revision)
        base_digest = step.base if isinstance(step, Send) else None
        base = await self._cache.find_base(workspace, base_digest)
        report = await sync_bundle(
            dialled.api,
            caller,
            source,
            generation=desired.generation,
            base=base,
            likely_held=isinstance(step, Assign),
            encode=self._cache.build_encoder(desired.digest, base_digest),
        )
        return observe_assignment(report.assignment, self._clock.now())

    async def _settle_error(
        self, claim: Claim, runtime: RegisteredRuntime, step: Assign | Send | Withdraw, error: YoiError
    ) -> Settlement:
        if not error.retryable and not isinstance(step, Withdraw):
            rejection = await self._find_rejection(claim, runtime, step.desired.digest)
            if rejection is not None:
                return settle_rejection(
                    claim, self._settings, rejection, now=self._clock.now(), draw=self._draw()
                )
        fenced = isinstance(error, AssignmentStaleError | AssignmentConflictError)
        observed = await self._observe(claim, runtime) if fenced else None
        return settle_failure(
            claim, self._settings, error, observed=observed, now=self._clock.now(), draw=self._draw()
        )

    async def _observe(self, claim: Claim, runtime: RegisteredRuntime) -> Observed | None:
        """Ask what is assigned there, and since which generation; None when the Runtime does not say."""
        workspace = claim.status.key.workspace
        try:
            dialled = self._dialer.dial(runtime)
            assignment = await dialled.api.get_assignment(dialled.build_caller(workspace), workspace)
            return observe_assignment(assignment, self._clock.now())
        except YoiError:
            return None

    async def _find_rejection(
        self, claim: Claim, runtime: RegisteredRuntime, digest: str
    ) -> BundleRejection | None:
        """Ask the Runtime whether it was these bytes that it refused, and as what it refused them.

        It remembers only refusals of bytes that hashed to their digest; anything else may have gone wrong on the way.
        """
        workspace = claim.status.key.workspace
        try:
            dialled = self._dialer.dial(runtime)
            status = await dialled.api.get_bundle_status(dialled.build_caller(workspace), digest)
            info = await ask_info(dialled)
        except YoiError:
            return None
        self._report(RuntimeContact(name=runtime.name, reachability="reachable", info=info))
        if status.rejected is None:
            return None
        return BundleRejection(
            workspace=workspace,
            digest=digest,
            runtime=runtime.name,
            runtime_version=info.version,
            policy_generation=info.policy_generation,
            code=clean_code(status.rejected.code),
            details=clean_details(status.rejected.code, status.rejected.details),
            rejected_at=format_instant(self._clock.now()),
        )
