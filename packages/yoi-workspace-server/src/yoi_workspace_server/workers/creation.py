"""Creation of Workers: placement, availability, repair, Runtime; each may refuse, and is named when it does (K-06)."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from worker_runtime.contract.workers import CreateWorkerRequest, PreviewRequest, Worker
from worker_runtime.remote.refusals import rebuild_problem
from worker_runtime.resolution.explain import Explanation
from yoi_bundle.errors import YoiError
from yoi_wire.backend.errors import (
    BundleRevokedError,
    PlacementDeniedError,
    RuntimeNotFoundError,
    WorkspaceConflictError,
)
from yoi_wire.backend.placements import PlacementPolicy
from yoi_wire.backend.workers import PreviewOrder, WorkerOrder
from yoi_wire.clock import Clock
from yoi_wire.error_details import clean_details
from yoi_wire.errors import BundleMissingError, RequestInvalidError, RuntimeUnavailableError
from yoi_wire.problems import Problem
from yoi_wire.worker_requests import WorkerRequest
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.placed_workers import LastAccepted, PlacedWorker, WorkerReservation
from yoi_workspace_server.placement import decide_placement
from yoi_workspace_server.reconciler.reconciler import Reconciler
from yoi_workspace_server.registry.dialer import Dialer
from yoi_workspace_server.runtimes import AWAY, RegisteredRuntime
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.sync_status import BundleRejection, PairKey, RuntimeHoldings, find_last_accepted
from yoi_workspace_server.workers.foreign_errors import rebuild_kept_problem, translate_error
from yoi_workspace_server.workspaces import Workspace

_REPAIR_SECONDS = 60.0

_MAX_CONSIDERED = 20
"""How many Runtimes are considered of each sort, and named in a refusal."""

_UNDECIDED = frozenset({"auth.unauthenticated", "auth.forbidden", "runtime.incompatible", "internal"})
"""Codes by which a Runtime does not say that there is no Worker: an earlier call may have made it.

Were the key free again, the next call under it would make a second one.
"""


class Preview(Struct, frozen=True, kw_only=True):
    """What Workers would be on a Runtime, in its own words.

    Attributes:
        digest: The bundle that was asked about; None for the built-in set.
        last_accepted: Why that is not the active one, where the host rejects it.
    """

    digest: str | None
    explanations: tuple[Explanation, ...]
    last_accepted: LastAccepted | None = None


class CreatedWorker(Struct, frozen=True, kw_only=True):
    """A Worker as the Backend and its Runtime know it."""

    record: PlacedWorker
    worker: Worker


def _has_labels(order: WorkerOrder, runtime: RegisteredRuntime) -> bool:
    if order.runtime is not None and runtime.name != order.runtime:
        return False
    return all(runtime.labels.get(key) == value for key, value in order.labels.items())


RefusedBy: TypeAlias = Literal["placement", "availability", "runtime"]


class RuntimeRefusal(Struct, frozen=True, kw_only=True):
    """Why one Runtime does not make the Worker; safe for the caller.

    Attributes:
        by: The stage that refused it.
        code: A code of `docs/errors.md`.
    """

    runtime: str
    by: RefusedBy
    code: str
    retryable: bool
    details: dict[str, object]


def describe_refusal(runtime: str, by: RefusedBy, error: YoiError) -> RuntimeRefusal:
    """Return what may be said of a refusal."""
    return RuntimeRefusal(
        runtime=runtime,
        by=by,
        code=error.code,
        retryable=error.retryable,
        details=clean_details(error.code, error.details()),
    )


class WorkerRefusedError(Exception):
    """No Runtime makes the Worker; carries what each one was refused by, and the error that decides the answer.

    Attributes:
        error: Of the Runtime that came nearest, as it was raised: its code and details go to the caller unchanged.
        refusals: Of every Runtime that was considered, the nearest first.
    """

    def __init__(self, error: YoiError, refusals: tuple[RuntimeRefusal, ...]) -> None:
        self.error = error
        self.refusals = refusals
        super().__init__(str(error))

    def build_entry(self, workspace: str, *, actor: str, runtime: str = "", worker: str = "") -> AuditEntry:
        """Return the audit's entry; Runtime and Worker are empty when the refusal concerns none in particular."""
        return AuditEntry(
            actor=actor,
            action="worker.refused",
            workspace=workspace,
            runtime=runtime,
            subject=worker,
            details={
                "code": self.error.code,
                "refused_by": {one.runtime: f"{one.by}: {one.code}" for one in self.refusals},
            },
        )


def _find_stage(error: YoiError) -> RefusedBy:
    """Return who refuses when asking a Runtime ends so: one that gave no answer has refused nothing itself."""
    away = isinstance(error, RuntimeUnavailableError) and error.reason == "unreachable"
    return "availability" if away else "runtime"


class Excluded(Struct, frozen=True, kw_only=True):
    """A Runtime that is not asked, and why."""

    runtime: str
    by: RefusedBy
    error: YoiError


class Choice(Struct, frozen=True, kw_only=True):
    """The Runtimes that may be asked, the best first, and those that are not."""

    candidates: tuple[RuntimeHoldings, ...]
    excluded: tuple[Excluded, ...]


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


def _find_nearest(choice: Choice) -> YoiError | None:
    """Return the reason that decides the answer when nobody could be asked: who is away comes before who may not."""
    by_stage = sorted(choice.excluded, key=lambda one: one.by != "availability")
    return by_stage[0].error if by_stage else None


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


def _verify_in_force(workspace: Workspace) -> None:
    """Check that what the database says of a workspace holds; after a restore it is old until it is released."""
    if workspace.suspended:
        raise WorkspaceConflictError(workspace.id, "suspended")


class WorkerCreation:
    """Creates Workers, and says what they would be.

    Args:
        store: Where key → digest and Runtime are kept before anything is sent.
        dialer: The way to Runtimes.
        reconciler: Brings a bundle to a Runtime that lacks it.
        clock: The source of time.
        new_id: Makes ids.
    """

    def __init__(
        self,
        store: Store,
        dialer: Dialer,
        reconciler: Reconciler,
        *,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._dialer = dialer
        self._reconciler = reconciler
        self._clock = clock
        self._new_id = new_id

    async def create(self, order: WorkerOrder, *, actor: str) -> CreatedWorker:
        """Create a Worker, or return the one under the key (W-01).

        Raises:
            WorkspaceNotFoundError, RuntimeNotFoundError: There is none such.
            BundleRevokedError: No new Worker may use the digest.
            WorkerConflictError: The key stands for another order.
            WorkerRefusedError: With what each Runtime was refused by.
        """
        kept = await self._store.workers.find_by_key(order.workspace, order.key)
        if kept is None:
            return await self._create_new(order, actor)
        kept = await self._reserve(order, kept.runtime, kept.audience, kept.request, self._new_id())
        runtime = await self._store.runtimes.get_runtime(kept.runtime)
        if runtime.audience != kept.audience:
            raise RuntimeNotFoundError(kept.runtime)
        if kept.runtime_worker is None:
            await self._verify_still_allowed(order, kept, runtime, actor)
        return await self._create_on(runtime, kept, actor)

    async def preview(self, order: PreviewOrder) -> Preview:
        """Ask a Runtime what a Worker of an order would be there; makes and sends nothing (S-08).

        Raises:
            WorkspaceNotFoundError, RuntimeNotFoundError: There is none such.
            PlacementDeniedError: The Runtime may not have the workspace's bundle, and hears nothing of it.
            BundleMissingError, BundleRevokedError: No Worker could be of the digest; or the Runtime does not hold it.
            YoiError: What the Runtime said instead.
        """
        workspace = await self._store.workspaces.get_workspace(order.workspace)
        _verify_in_force(workspace)
        runtime = await self._store.runtimes.get_runtime(order.runtime)
        policy = await self._store.placements.get_policy()
        decision = decide_placement(policy, workspace.placed, runtime.placed)
        if not decision.allowed:
            raise PlacementDeniedError(workspace.id, runtime.name, rule=decision.rule or "")
        digest, last_accepted = await self._choose_digest(order, workspace), None
        if order.digest is None and digest is not None:
            accepted = await self._find_last_accepted(runtime, workspace)
            digest, last_accepted = accepted or (digest, None)
        request = WorkerRequest(selector=order.selector, bundle_digest=digest, intent=order.intent)
        asked = PreviewRequest(workspace=workspace.id, request=request, every_profile=order.every_profile)
        try:
            dialled = self._dialer.dial(runtime)
            explanations = await dialled.api.resolve_worker(dialled.build_caller(workspace.id), asked)
        except YoiError as error:
            raise translate_error(error) from error
        return Preview(digest=digest, explanations=explanations, last_accepted=last_accepted)

    async def _create_new(self, order: WorkerOrder, actor: str) -> CreatedWorker:
        workspace = await self._store.workspaces.get_workspace(order.workspace)
        try:
            _verify_in_force(workspace)
            digest = await self._choose_digest(order, workspace)
            choice = await self._choose_runtimes(order, digest, workspace)
        except YoiError as error:
            if not error.retryable:
                await self._record(order, WorkerRefusedError(error, ()), actor, runtime=order.runtime or "")
            raise
        return await self._try_all(order, digest, choice, workspace, actor)

    async def _verify_still_allowed(
        self, order: WorkerOrder, kept: PlacedWorker, runtime: RegisteredRuntime, actor: str
    ) -> None:
        """Check anew what no Runtime has said that it made: since the key was kept, the world may have changed.

        Raises:
            BundleRevokedError: The digest that was chosen then is revoked by now (K-01).
            WorkerRefusedError: Placement no longer lets the Runtime have the workspace's bundle (K-03).
        """
        workspace = await self._store.workspaces.get_workspace(kept.workspace)
        _verify_in_force(workspace)
        digest = kept.request.bundle_digest
        if digest and await self._store.revocations.find_revocation(workspace.id, digest) is not None:
            revoked = BundleRevokedError(workspace.id, digest)
            await self._record(order, WorkerRefusedError(revoked, ()), actor, runtime=runtime.name)
            raise revoked
        policy = await self._store.placements.get_policy()
        decision = decide_placement(policy, workspace.placed, runtime.placed)
        if not decision.allowed:
            denied = PlacementDeniedError(workspace.id, runtime.name, rule=decision.rule or "")
            refused = WorkerRefusedError(denied, (describe_refusal(runtime.name, "placement", denied),))
            await self._record(order, refused, actor, runtime=runtime.name)
            raise refused

    async def _choose_digest(self, order: WorkerOrder | PreviewOrder, workspace: Workspace) -> str | None:
        """Return the bundle to use; None for a built-in profile of a workspace without any."""
        digest = order.digest
        if digest is None and workspace.active is not None:
            digest = workspace.active.digest
        if digest is None:
            if order.selector.startswith("workspace:"):
                raise RequestInvalidError(
                    "the workspace has no active bundle; activate one", field="selector"
                )
            return None
        if not await self._store.bundles.has_bundle(workspace.id, digest):
            raise BundleMissingError(digest)
        if await self._store.revocations.find_revocation(workspace.id, digest) is not None:
            raise BundleRevokedError(workspace.id, digest)
        return digest

    async def _choose_runtimes(self, order: WorkerOrder, digest: str | None, workspace: Workspace) -> Choice:
        known = await self._store.pairs.list_holdings(
            workspace.id, digest=digest, runtime=order.runtime, labels=order.labels, limit=_MAX_CONSIDERED
        )
        if order.runtime is not None and not known:
            raise RuntimeNotFoundError(order.runtime)
        policy = await self._store.placements.get_policy()
        return choose_runtimes(order, workspace=workspace, policy=policy, known=known)

    async def _try_all(
        self, order: WorkerOrder, digest: str | None, choice: Choice, workspace: Workspace, actor: str
    ) -> CreatedWorker:
        """Ask candidates in turn: the next one only where the last could not be asked, not where it said no.

        Hosts that reject the active bundle come last, with the last one that they accepted.
        """
        refusals: list[RuntimeRefusal] = []
        first: YoiError | None = None
        lacking: list[RegisteredRuntime] = []
        for candidate in choice.candidates:
            runtime = candidate.runtime
            try:
                if digest is not None and not candidate.has_digest:
                    await self._repair(runtime.name, order.workspace, digest)
            except YoiError as error:
                first = first or error
                refusals.append(describe_refusal(runtime.name, "availability", error))
                lacking.append(runtime)
                continue
            return await self._order_from(runtime, order, digest, actor, earlier=tuple(refusals))
        for runtime in lacking if order.digest is None else ():
            found = await self._find_last_accepted(runtime, workspace)
            if found is not None:
                accepted, why = found
                return await self._order_from(
                    runtime, order, accepted, actor, earlier=tuple(refusals), last_accepted=why
                )
        refusals += [describe_refusal(one.runtime, one.by, one.error) for one in choice.excluded]
        nearest = first or _find_nearest(choice) or RuntimeUnavailableError("unreachable")
        refused = WorkerRefusedError(nearest, tuple(refusals[:_MAX_CONSIDERED]))
        await self._record(order, refused, actor)
        raise refused

    async def _order_from(
        self,
        runtime: RegisteredRuntime,
        order: WorkerOrder,
        digest: str | None,
        actor: str,
        *,
        earlier: tuple[RuntimeRefusal, ...],
        last_accepted: LastAccepted | None = None,
    ) -> CreatedWorker:
        """Keep key → digest and Runtime, then ask; whoever kept the key first decides which Runtime."""
        request = WorkerRequest(selector=order.selector, bundle_digest=digest, intent=order.intent)
        new_id = self._new_id()
        record = await self._reserve(
            order, runtime.name, runtime.audience, request, new_id, last_accepted=last_accepted
        )
        if record.audience != runtime.audience:
            runtime = await self._store.runtimes.get_runtime(record.runtime)
        first_time = record.id == new_id
        return await self._create_on(runtime, record, actor, earlier=earlier, first_time=first_time)

    async def _find_last_accepted(
        self, runtime: RegisteredRuntime, workspace: Workspace
    ) -> tuple[str, LastAccepted] | None:
        """Return the bundle that a host accepted last, where it rejects the active one as it is now (T-06)."""
        key = PairKey(runtime.name, workspace.id)
        status = await self._store.pairs.find_pair(key)
        if status is None or status.active is None:
            return None
        rejections = await self._list_rejections(key)
        revoked = (await self._store.revocations.list_digests([workspace.id])).get(workspace.id, frozenset())
        found = find_last_accepted(status, rejected=rejections, revoked=revoked)
        if found is None or found.digest is None:
            return None
        if not await self._store.bundles.has_bundle(workspace.id, found.digest):
            return None
        rejection = rejections[status.active.digest]
        return found.digest, LastAccepted(
            revision=(await self._store.revisions.get_by_digest(workspace.id, found.digest)).revision,
            rejected_revision=status.active.revision,
            rejected_digest=rejection.digest,
            code=rejection.code,
            details=rejection.details,
        )

    async def _list_rejections(self, key: PairKey) -> dict[str, BundleRejection]:
        """Return what a Runtime, as it is now, rejects of a workspace, by digest."""
        in_force = await self._store.rejections.list_in_force([key])
        return {one.digest: one for one in in_force.get(key, ())}

    async def _repair(self, runtime: str, workspace: str, digest: str) -> None:
        """Bring the bundle there before a Worker needs it; only the active one is ever sent.

        Raises:
            YoiError: Why it is not there: the Runtime's own refusal where it gave one.
        """
        key = PairKey(runtime, workspace)
        status = await self._reconciler.sync_now(key, deadline_seconds=_REPAIR_SECONDS)
        if status is not None and status.observed is not None and status.observed.digest == digest:
            return
        rejection = (await self._list_rejections(key)).get(digest)
        if rejection is not None:
            problem = Problem(code=rejection.code, retryable=False, details=rejection.details)
            raise translate_error(rebuild_problem(problem))
        if status is not None and status.active is not None and status.active.digest == digest:
            if status.problem is not None:
                raise translate_error(rebuild_kept_problem(status.problem))
            raise RuntimeUnavailableError("unreachable")

    async def _reserve(
        self,
        order: WorkerOrder,
        runtime: str,
        audience: str,
        request: WorkerRequest,
        new_id: str,
        *,
        last_accepted: LastAccepted | None = None,
    ) -> PlacedWorker:
        return await self._store.workers.reserve_worker(
            WorkerReservation(
                id=new_id,
                workspace=order.workspace,
                key=order.key,
                fingerprint=order.compute_fingerprint(),
                runtime=runtime,
                audience=audience,
                request=request,
                last_accepted=last_accepted,
            ),
            now=self._clock.now(),
        )

    async def _create_on(
        self,
        runtime: RegisteredRuntime,
        record: PlacedWorker,
        actor: str,
        *,
        earlier: tuple[RuntimeRefusal, ...] = (),
        first_time: bool = False,
    ) -> CreatedWorker:
        """Ask the Runtime; the record's id is the key there, so that asking twice makes one Worker.

        A Runtime that says at the first time of asking that its host's policy is faulty has made none: the key is free again.
        """
        try:
            dialled = self._dialer.dial(runtime)
            worker = await dialled.api.create_worker(
                dialled.build_caller(record.workspace),
                CreateWorkerRequest(workspace=record.workspace, key=record.id, request=record.request),
            )
        except YoiError as error:
            refusal = describe_refusal(runtime.name, _find_stage(error), error)
            refused = WorkerRefusedError(error, (refusal, *earlier))
            entry = refused.build_entry(record.workspace, actor=actor, runtime=runtime.name, worker=record.id)
            made_none = first_time and isinstance(error, RuntimeUnavailableError)
            made_none = made_none and getattr(error, "reason", "") == "policy_invalid"
            undecided = error.retryable and not made_none
            if undecided or error.code in _UNDECIDED or record.runtime_worker is not None:
                await self._store.audit.append([entry], now=self._clock.now())
            else:
                await self._store.workers.forget_refused(record.id, entry=entry, now=self._clock.now())
            raise refused from error
        record = await self._store.workers.confirm_worker(
            record.id, worker.id, actor=actor, now=self._clock.now()
        )
        return CreatedWorker(record=record, worker=worker)

    async def _record(
        self, order: WorkerOrder, refused: WorkerRefusedError, actor: str, *, runtime: str = ""
    ) -> None:
        entry = refused.build_entry(order.workspace, actor=actor, runtime=runtime)
        await self._store.audit.append([entry], now=self._clock.now())
