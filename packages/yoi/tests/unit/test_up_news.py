"""What `yoi up` tells of Runtimes: where a revision came to, once, and not every step on the way."""

from typing import Any

import msgspec
import pytest

from yoi.up.availability_changes import find_news
from yoi.up.events import Delivered, Problem
from yoi_wire.backend.availability import AvailabilityView

_OLD = "sha256:" + "0" * 64
_NEW = "sha256:" + "1" * 64


_AT = "2026-01-31T12:00:00.000Z"
_SEEN = {"runtime_version": "0.1.0", "rejected_at": _AT}
_OCCURRED = {"retryable": True, "occurred_at": _AT}


def _stand(runtime: str = "here", state: str = "in_sync", **others: Any) -> AvailabilityView:
    """An item of the Backend's list."""
    item = {
        "runtime": runtime,
        "workspace": "library",
        "state": state,
        "placed": True,
        "desired": {"digest": _NEW, "revision": 2, "generation": 2},
        "observed": {"digest": _NEW, "revision": 2, "generation": 2, "observed_at": _AT},
        "stored": None,
        "in_use": None,
        "lacking": None,
        "inspected_at": None,
        "rejected": [],
        "revoked_in_use": [],
        "skew": None,
        "attempts": 0,
        "problem": None,
        "last_attempt_at": None,
        "last_success_at": None,
        "next_attempt_at": None,
        **others,
    }
    return msgspec.convert(item, AvailabilityView)


@pytest.mark.req("K-05")
def test_what_is_in_sync_is_told_once() -> None:
    known, news = find_news([_stand()], {})
    assert [(one.runtime, one.state, one.revision) for one in news] == [("here", "in_sync", 2)]
    assert find_news([_stand()], known) == (known, [])


def test_a_step_on_the_way_is_not_told_and_what_was_known_stays() -> None:
    known, _ = find_news([_stand()], {})
    assert find_news([_stand(state="pending")], known) == (known, [])
    assert find_news([_stand(state="pending")], {}) == ({}, [])


def test_a_runtime_that_never_was_to_have_it_is_no_news_and_one_that_has_lost_it_is() -> None:
    nowhere = _stand(state="not_placed", desired=None, observed=None)
    assert find_news([nowhere], {})[1] == []
    known, _ = find_news([_stand()], {})
    _, news = find_news([_stand(state="withdrawn", desired=None)], known)
    assert [one.state for one in news] == ["withdrawn"]


@pytest.mark.req("K-04")
def test_a_rejection_is_told_with_the_reason_for_what_should_be_there() -> None:
    details = {"faults": [{"pointer": "/prompts/greeting"}]}
    refusals = [
        {"digest": _OLD, "code": "limit.exceeded", "details": {}, **_SEEN},
        {"digest": _NEW, "code": "bundle.hidden_text", "details": details, **_SEEN},
    ]
    item = _stand(
        state="rejected",
        rejected=refusals,
        observed={"digest": _OLD, "revision": 1, "generation": 1, "observed_at": _AT},
    )
    _, news = find_news([item], {})
    problem = Problem(code="bundle.hidden_text", details=details)
    assert news == [
        Delivered(runtime="here", state="rejected", revision=2, observed_revision=1, problem=problem)
    ]


def test_another_reason_is_news_and_so_is_that_a_runtime_in_sync_is_lost() -> None:
    problem = {"code": "runtime.unavailable", "details": {"reason": "unreachable"}, **_OCCURRED}
    told = Problem(code="runtime.unavailable", details={"reason": "unreachable"})
    known, news = find_news([_stand(state="failing", problem=problem)], {})
    assert news[0].problem == told
    again = {"code": "auth.forbidden", "details": {}, **_OCCURRED}
    assert len(find_news([_stand(state="failing", problem=again)], known)[1]) == 1
    known, _ = find_news([_stand()], {})
    assert [one.problem for one in find_news([_stand(problem=problem)], known)[1]] == [told]
