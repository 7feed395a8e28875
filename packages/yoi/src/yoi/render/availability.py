"""Runtimes, and how workspaces stand on them, for people (K-02, K-05)."""

from collections.abc import Mapping
from typing import Any

from yoi.render.documents import Column
from yoi.render.workspaces import describe_withheld
from yoi_wire.backend.availability import AvailabilityView, DesiredView, ObservedView
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


def _describe_trouble(one: AvailabilityView) -> str:
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
    return "; ".join(said)


def _describe_revision(bundle: DesiredView | ObservedView | None) -> str:
    if bundle is None or bundle.digest is None:
        return ""
    number = bundle.revision
    return f"{'?' if number is None else number} {bundle.digest[7:15]}"


def _count_workers(one: AvailabilityView) -> str:
    return "" if one.in_use is None else str(sum(one.in_use.values()))


RUNTIME_COLUMNS: tuple[Column[RuntimeView], ...] = (
    ("runtime", "name"),
    ("kind", "kind"),
    ("state", "reachability"),
    ("version", "announcement.version"),
    ("labels", "labels"),
    ("last seen", "last_seen_at"),
    ("problem", lambda one: describe_problem(one.problem)),
)

RUNTIME_FACTS: tuple[Column[RuntimeView], ...] = (
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

PAIR_COLUMNS: tuple[Column[AvailabilityView], ...] = (
    ("runtime", "runtime"),
    ("workspace", "workspace"),
    ("state", lambda one: one.state.replace("_", " ")),
    ("desired", lambda one: _describe_revision(one.desired)),
    ("assigned", lambda one: _describe_revision(one.observed)),
    ("skew", "skew"),
    ("in use", _count_workers),
    ("last success", "last_success_at"),
    ("problem", _describe_trouble),
)
