"""How a workspace stands on each Runtime, and what of it is news."""

from collections.abc import Iterable, Mapping

from yoi.up.events import Delivered, Problem
from yoi_wire.backend.availability import AvailabilityView

_PASSING = frozenset({"pending", "withdrawing"})
"""States on the way to another; only where they lead is told."""


def find_news(
    items: Iterable[AvailabilityView], known: Mapping[str, Delivered]
) -> tuple[dict[str, Delivered], list[Delivered]]:
    """Compare what is so now with what was told last.

    Args:
        items: Of the Backend's `GET /api/v1/availability`, for one workspace.
        known: What was told last, by Runtime.

    Returns:
        What is known now, and what of it is to be told.
    """
    now: dict[str, Delivered] = {}
    news: list[Delivered] = []
    for item in items:
        before = known.get(item.runtime)
        found = _describe(item)
        if found.state in _PASSING or (before is None and found.state == "not_placed"):
            if before is not None:
                now[found.runtime] = before
            continue
        now[found.runtime] = found
        if found != before:
            news.append(found)
    return now, news


def _describe(item: AvailabilityView) -> Delivered:
    desired, observed = item.desired, item.observed
    return Delivered(
        runtime=item.runtime,
        state=item.state,
        revision=desired.revision if desired else None,
        observed_revision=observed.revision if observed else None,
        problem=_find_problem(item),
    )


def _find_problem(item: AvailabilityView) -> Problem | None:
    """Return why it is not in sync: the refusal of what should be there, else what went wrong at the last attempt.

    What is in sync may have one, too: that is what the Runtime said before it could not be asked any more.
    """
    if item.state == "rejected" and item.desired is not None:
        for one in item.rejected:
            if one.digest == item.desired.digest:
                return Problem(code=one.code, details=one.details)
    problem = item.problem
    return None if problem is None else Problem(code=problem.code, details=problem.details)
