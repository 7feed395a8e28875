"""Views of Runtimes, of availability, of placement rules and of problems."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_wire.backend.availability import AvailabilityView, DesiredView, ObservedView, RejectionView
from yoi_wire.backend.placements import (
    PlacementDecisionView,
    PlacementPolicy,
    PlacementPolicyView,
    PlacementRule,
    PlacementRuleView,
    PlacementStepView,
)
from yoi_wire.backend.problems import ProblemView
from yoi_wire.backend.runtimes import AnnouncementView, ConnectionView, RuntimeConnection, RuntimeView
from yoi_wire.error_details import clean_code, clean_details
from yoi_workspace_server.placement import PlacementDecision
from yoi_workspace_server.revisions import BuildRecord
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.runtimes import RegisteredRuntime, SafeProblem
from yoi_workspace_server.sync_plan import Desired, Observed, compute_skew, compute_state
from yoi_workspace_server.sync_status import BundleRejection, PairStatus, find_last_accepted
from yoi_workspace_server.views.revisions import build_failed_build_view
from yoi_workspace_server.views.texts import hide_secret_name, show_digest, show_labels, show_text, show_texts


def build_connection_view(runtime: RegisteredRuntime) -> ConnectionView:
    connection = runtime.connection or RuntimeConnection(url="")
    return ConnectionView(
        name=runtime.name,
        kind=runtime.kind,
        url=connection.url,
        authority=connection.authority,
        fingerprint=connection.fingerprint,
        socket=connection.socket,
    )


def _build_announcement(info: RuntimeInfo) -> AnnouncementView:
    return AnnouncementView(
        version=show_text(info.version),
        api_versions=info.api_versions[:100],
        schema_versions=info.schema_versions[:100],
        features=show_texts(info.features),
        limits={show_text(name): value for name, value in sorted(info.limits.items())[:100]},
        resolver_version=show_text(info.resolver_version),
        builtin_digest=show_digest(info.builtin.digest),
        builtin_profiles=show_texts(info.builtin.profiles),
        labels=show_labels(info.labels),
    )


_AWAY = frozenset({"unreachable", "unauthenticated", "incompatible"})


def _build_desired(desired: Desired) -> DesiredView:
    return DesiredView(digest=desired.digest, revision=desired.revision, generation=desired.generation)


def _build_observed(observed: Observed) -> ObservedView:
    return ObservedView(
        digest=show_digest(observed.digest),
        revision=observed.revision,
        generation=observed.generation,
        observed_at=observed.observed_at,
    )


def _show_workers(workers: dict[str, int]) -> dict[str, int]:
    return {digest: count for digest, count in workers.items() if show_digest(digest) is not None}


def _show_lacking(lacking: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        show_text(place, max_characters=1200): show_texts(features) for place, features in lacking.items()
    }


def build_decision_view(
    decision: PlacementDecision, *, workspace: str, runtime: str, principal: Principal
) -> PlacementDecisionView:
    """Return a decision; for who does not see all workspaces, without the rules that concern others."""
    steps = tuple(
        PlacementStepView(rule=step.rule, effect=step.effect, failed=step.failed)
        for step in decision.steps
        if principal.workspaces is None or step.failed != "workspaces"
    )
    return PlacementDecisionView(
        workspace=workspace,
        runtime=runtime,
        allowed=decision.allowed,
        reason=decision.reason,
        rule=decision.rule,
        steps=steps,
    )


def _build_rule(rule: PlacementRule) -> PlacementRuleView:
    return PlacementRuleView(
        id=rule.id,
        effect=rule.effect,
        workspaces=rule.workspaces,
        runtimes=rule.runtimes,
        visibility=rule.visibility,
        labels=rule.labels,
    )


_POINTERS = ("pointer", "field", "place")


def _hide(value: Any) -> Any:
    match value:
        case dict():
            shown = {name: _hide(member) for name, member in value.items()}
            for name in _POINTERS:
                if isinstance(shown.get(name), str):
                    shown[name] = hide_secret_name(shown[name])
            if shown.get("kind") == "secret":
                shown |= {name: "" for name in ("id", "name") if name in shown}
            return shown
        case list():
            return [_hide(member) for member in value]
        case _:
            return value


def build_policy_view(policy: PlacementPolicy) -> PlacementPolicyView:
    return PlacementPolicyView(
        generation=policy.generation, rules=tuple(_build_rule(rule) for rule in policy.rules)
    )


def build_details_view(code: str, details: Mapping[str, Any], *, secret_names: bool) -> dict[str, Any]:
    """Return the details of an error; without `secret_names`, nothing in them names a secret reference."""
    cleaned = clean_details(code, details)
    return cleaned if secret_names else _hide(cleaned)


def _build_rejection(one: BundleRejection, secret_names: bool) -> RejectionView:
    return RejectionView(
        digest=one.digest,
        code=clean_code(one.code),
        details=build_details_view(one.code, one.details, secret_names=secret_names),
        runtime_version=show_text(one.runtime_version),
        rejected_at=one.rejected_at,
    )


def build_problem_view(problem: SafeProblem, *, secret_names: bool) -> ProblemView:
    return ProblemView(
        code=clean_code(problem.code),
        retryable=problem.retryable,
        occurred_at=problem.occurred_at,
        details=build_details_view(problem.code, problem.details, secret_names=secret_names),
    )


def build_runtime_view(runtime: RegisteredRuntime, *, secret_names: bool) -> RuntimeView:
    problem = runtime.problem
    return RuntimeView(
        name=runtime.name,
        kind=runtime.kind,
        id=runtime.audience,
        labels=runtime.labels,
        reachability=runtime.reachability,
        last_seen_at=runtime.last_seen_at,
        added_at=runtime.added_at,
        announcement=None if runtime.info is None else _build_announcement(runtime.info),
        problem=None if problem is None else build_problem_view(problem, secret_names=secret_names),
    )


def build_availability_view(
    status: PairStatus,
    runtime: RegisteredRuntime,
    *,
    rejections: Sequence[BundleRejection],
    revoked: Collection[str],
    failed_build: BuildRecord | None,
    secret_names: bool,
) -> AvailabilityView:
    """Return how a pair stands.

    Args:
        status: What is kept of the pair.
        runtime: Its Runtime.
        rejections: Of the workspace by the Runtime as it is now.
        revoked: Digests that the workspace has revoked.
        failed_build: The workspace's last build, if it failed.
        secret_names: Whether the reader may see names of secret references.
    """
    desired = status.desired if status.placed else None
    rejected = {one.digest for one in rejections}
    holdings = status.holdings
    in_use = None if holdings is None else _show_workers(holdings.workers)
    state = compute_state(
        placed=status.placed,
        desired=status.desired,
        observed=status.observed,
        withdrawal_generation=status.withdrawal_generation,
        rejected=desired.digest if desired is not None and desired.digest in rejected else None,
        reachable=runtime.reachability not in _AWAY,
        failing=status.problem is not None,
        forbidden=status.forbidden,
    )
    accepted = find_last_accepted(status, rejected=rejected, revoked=revoked) if status.placed else None
    return AvailabilityView(
        runtime=status.key.runtime,
        workspace=status.key.workspace,
        state=state,
        placed=status.placed,
        desired=None if desired is None else _build_desired(desired),
        observed=None if status.observed is None else _build_observed(status.observed),
        stored=None if holdings is None else tuple(filter(None, map(show_digest, holdings.stored))),
        in_use=in_use,
        lacking=None if holdings is None else _show_lacking(holdings.lacking),
        inspected_at=None if holdings is None else holdings.observed_at,
        rejected=tuple(_build_rejection(one, secret_names) for one in rejections),
        revoked_in_use=tuple(sorted(set(in_use or ()) & set(revoked))),
        skew=compute_skew(desired, status.observed),
        attempts=status.attempts,
        problem=None
        if status.problem is None or (state == "not_placed" and status.forbidden)
        else build_problem_view(status.problem, secret_names=secret_names),
        last_attempt_at=status.last_attempt_at,
        last_success_at=status.last_success_at,
        next_attempt_at=status.due_at,
        failed_build=None
        if failed_build is None
        else build_failed_build_view(failed_build, secret_names=secret_names),
        last_accepted_revision=None if accepted is None else accepted.revision,
        withheld_revision=status.withheld_revision,
    )
