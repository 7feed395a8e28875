"""View of a pair: how a workspace stands on a Runtime (K-05, K-07)."""

from collections.abc import Collection, Sequence

from yoi_wire.backend.availability import AvailabilityView, DesiredView, ObservedView, RejectionView
from yoi_wire.error_details import clean_code
from yoi_workspace_server.runtimes import RegisteredRuntime
from yoi_workspace_server.sync_plan import Desired, Observed, compute_skew, compute_state
from yoi_workspace_server.sync_status import BundleRejection, PairStatus
from yoi_workspace_server.views.problems import build_details_view, build_problem_view
from yoi_workspace_server.views.texts import show_digest, show_text, show_texts

_AWAY = frozenset({"unreachable", "unauthenticated", "incompatible"})


def build_availability_view(
    status: PairStatus,
    runtime: RegisteredRuntime,
    *,
    rejections: Sequence[BundleRejection],
    revoked: Collection[str],
    secret_names: bool,
) -> AvailabilityView:
    """Return how a pair stands.

    Args:
        status: What is kept of the pair.
        runtime: Its Runtime.
        rejections: Of the workspace by the Runtime as it is now.
        revoked: Digests that the workspace has revoked.
        secret_names: Whether the reader may see names of secret references.
    """
    desired = status.desired if status.placed else None
    rejected = {one.digest for one in rejections}
    holdings = status.holdings
    in_use = None if holdings is None else _show_workers(holdings.workers)
    return AvailabilityView(
        runtime=status.key.runtime,
        workspace=status.key.workspace,
        state=compute_state(
            placed=status.placed,
            desired=status.desired,
            observed=status.observed,
            withdrawal_generation=status.placement_generation,
            rejected=desired.digest if desired is not None and desired.digest in rejected else None,
            reachable=runtime.reachability not in _AWAY,
            failing=status.problem is not None,
        ),
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
        if status.problem is None
        else build_problem_view(status.problem, secret_names=secret_names),
        last_attempt_at=status.last_attempt_at,
        last_success_at=status.last_success_at,
        next_attempt_at=status.due_at,
    )


def _build_desired(desired: Desired) -> DesiredView:
    return DesiredView(digest=desired.digest, revision=desired.revision, generation=desired.generation)


def _build_observed(observed: Observed) -> ObservedView:
    return ObservedView(
        digest=show_digest(observed.digest),
        revision=observed.revision,
        generation=observed.generation,
        observed_at=observed.observed_at,
    )


def _build_rejection(one: BundleRejection, secret_names: bool) -> RejectionView:
    return RejectionView(
        digest=one.digest,
        code=clean_code(one.code),
        details=build_details_view(one.code, one.details, secret_names=secret_names),
        runtime_version=show_text(one.runtime_version),
        rejected_at=one.rejected_at,
    )


def _show_workers(workers: dict[str, int]) -> dict[str, int]:
    return {digest: count for digest, count in workers.items() if show_digest(digest) is not None}


def _show_lacking(lacking: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        show_text(place, max_characters=1200): show_texts(features) for place, features in lacking.items()
    }
