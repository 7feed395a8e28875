"""Runtimes, and how workspaces stand on them, for people (K-02, K-05)."""

from collections.abc import Mapping
from typing import Any

from yoi.render.documents import Column, describe_age
from yoi.render.workspaces import describe_withheld
from yoi_wire.backend.availability import AvailabilityView, DesiredView, FailedBuildView, ObservedView
from yoi_wire.backend.problems import ProblemView
from yoi_wire.backend.runtimes import RuntimeView


def describe_problem(problem: ProblemView | None) -> str:
    """Return code and safe details of a problem in one line; empty for none."""
    if problem is None:
        return ""
    return f"{problem.code}{describe_details(problem.details)}"


def describe_details(details: Mapping[str, Any]) -> str:
    """Return the details of an error in one line, the places at fault with what is wrong there."""
    parts = [
        f"{one.get('pointer') or one.get('id') or '/'}: {one.get('message') or one.get('code', '')}"
        for name in ("faults", "reasons")
        for one in details.get(name, ())
    ]
    parts += [
        f"{name} {value}" for name, value in details.items() if isinstance(value, str | int) and value != ""
    ]
    return f" ({'; '.join(parts)})" if parts else ""


def _describe_trouble(one: AvailabilityView, now: int) -> str:
    problem, desired = one.problem, one.desired
    rejected = [found for found in one.rejected if desired and found.digest == desired.digest]
    said = [f"rejected: {found.code}{describe_details(found.details)}" for found in rejected]
    if problem is not None and problem.code not in {found.code for found in rejected}:
        said.insert(0, describe_problem(problem))
    if one.last_accepted_revision is not None:
        said.append(f"new Workers there use revision {one.last_accepted_revision}")
    if one.withheld_revision is not None:
        said.append(describe_withheld(one.workspace, one.withheld_revision))
    said += [f"lacks {', '.join(features)} for {place}" for place, features in (one.lacking or {}).items()]
    if one.revoked_in_use:
        said.append("Workers use a revoked bundle")
    if one.state in {"withdrawing", "withdrawn", "withdrawal_refused"}:
        said.append(_describe_leftovers(one, now))
    if one.failed_build is not None:
        said.append(_describe_failed_build(one.failed_build, now))
    return "; ".join(said)


def _describe_leftovers(one: AvailabilityView, now: int) -> str:
    """Say what a Runtime keeps of a workspace whose placement it lost: only the assignment is taken back."""
    if one.stored is None or one.in_use is None or one.inspected_at is None:
        return "what it stored, and its Workers, stay there"
    workers, bundles = sum(one.in_use.values()), len(one.stored)
    return f"{_count(bundles, 'bundle')} and {_count(workers, 'Worker')} stay there, {_as_of(one.inspected_at, now)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _describe_failed_build(one: FailedBuildView, now: int) -> str:
    commit = f" of commit {one.commit[:12]}" if one.commit else ""
    error = one.error
    why = "" if error is None else f": {error.file}:{error.line}: {error.message or error.rule}"
    return f"the last build{commit} failed {describe_age(one.built_at, now)}{why} [{one.code}]"


def _as_of(instant: str, now: int) -> str:
    return f"as of {describe_age(instant, now)}"


def _describe_revision(bundle: DesiredView | ObservedView | None) -> str:
    if bundle is None or bundle.digest is None:
        return ""
    number = bundle.revision
    return f"{'?' if number is None else number} {bundle.digest[7:15]}"


def _count_workers(one: AvailabilityView, now: int) -> str:
    if one.in_use is None or one.inspected_at is None:
        return "not known yet" if one.placed else ""
    return f"{sum(one.in_use.values())}, {_as_of(one.inspected_at, now)}"


def _describe_instant(instant: str | None, now: int) -> str:
    return "" if instant is None else f"{instant} ({describe_age(instant, now)})"


def list_runtime_columns(now: int) -> tuple[Column[RuntimeView], ...]:
    """Return the columns of a list of Runtimes; ages are told from this instant."""
    return (
        ("runtime", "name"),
        ("kind", "kind"),
        ("state", "reachability"),
        ("version", "announcement.version"),
        ("labels", "labels"),
        ("last seen", lambda one: "" if one.last_seen_at is None else describe_age(one.last_seen_at, now)),
        ("problem", lambda one: describe_problem(one.problem)),
    )


def list_runtime_facts(now: int) -> tuple[Column[RuntimeView], ...]:
    """Return what is shown of one Runtime; ages are told from this instant."""
    return tuple(
        (title, (lambda one: _describe_instant(one.last_seen_at, now)) if title == "last seen" else where)
        for title, where in _RUNTIME_FACTS
    )


_RUNTIME_FACTS: tuple[Column[RuntimeView], ...] = (
    ("runtime", "name"),
    ("kind", "kind"),
    ("id", "id"),
    ("labels", "labels"),
    ("state", "reachability"),
    ("problem", lambda one: describe_problem(one.problem)),
    ("last seen", "last_seen_at"),
    ("added", "added_at"),
    ("version", "announcement.version"),
    ("API versions", "announcement.api_versions"),
    ("schema versions", "announcement.schema_versions"),
    ("resolver", "announcement.resolver_version"),
    ("features", "announcement.features"),
    ("limits", "announcement.limits"),
    ("built-in profiles", "announcement.builtin_profiles"),
    ("built-in set", "announcement.builtin_digest"),
    ("its own labels", "announcement.labels"),
)


def list_pair_columns(now: int) -> tuple[Column[AvailabilityView], ...]:
    """Return the columns of availability; ages are told from this instant."""
    return (
        ("runtime", "runtime"),
        ("workspace", "workspace"),
        ("state", lambda one: one.state.replace("_", " ")),
        ("desired", lambda one: _describe_revision(one.desired)),
        ("assigned", lambda one: _describe_revision(one.observed)),
        ("skew", "skew"),
        ("in use", lambda one: _count_workers(one, now)),
        ("last success", lambda one: one.last_success_at and describe_age(one.last_success_at, now)),
        ("problem", lambda one: _describe_trouble(one, now)),
    )
