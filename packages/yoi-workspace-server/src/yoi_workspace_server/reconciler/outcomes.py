"""Outcomes of attempts: what is written down, and when to look again (K-04, K-05); pure."""

import re

from worker_runtime.contract.assignments import Assignment
from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.errors import YoiError
from yoi_wire.clock import MILLISECONDS_A_SECOND, format_instant
from yoi_wire.errors import AssignmentConflictError, AssignmentStaleError, RemoteFaultError
from yoi_workspace_server.audit import SYSTEM_ACTOR, AuditAction, AuditEntry
from yoi_workspace_server.reconciler.settings import ReconcilerSettings
from yoi_workspace_server.runtimes import SafeProblem, describe_problem
from yoi_workspace_server.sync_plan import Observed
from yoi_workspace_server.sync_status import BundleRejection, Claim, Holdings, Settlement

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
    if isinstance(error, AssignmentStaleError | AssignmentConflictError):
        # Somebody newer has been there: look at it again soon, with what the database says by then.
        wait = settings.spread(settings.backoff.first_seconds, draw)
    elif error.retryable:
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
