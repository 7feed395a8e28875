"""What `yoi up` tells of Runtimes: where a revision came to, once, and not every step on the way."""

from typing import Any

import pytest

from yoi.up.availability_changes import find_news
from yoi.up.events import Delivered

_OLD = "sha256:" + "0" * 64
_NEW = "sha256:" + "1" * 64


def _stand(runtime: str = "here", state: str = "in_sync", **others: Any) -> dict[str, Any]:
    """An item of the Backend's list, with the members that are read."""
    return {
        "runtime": runtime,
        "state": state,
        "desired": {"digest": _NEW, "revision": 2, "generation": 2},
        "observed": {"digest": _NEW, "revision": 2, "generation": 2},
        "rejected": [],
        "problem": None,
        **others,
    }


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
        {"digest": _OLD, "code": "limit.exceeded", "details": {}},
        {"digest": _NEW, "code": "bundle.hidden_text", "details": details},
    ]
    item = _stand(state="rejected", rejected=refusals, observed={"digest": _OLD, "revision": 1})
    _, news = find_news([item], {})
    problem = {"code": "bundle.hidden_text", "details": details}
    assert news == [
        Delivered(runtime="here", state="rejected", revision=2, observed_revision=1, problem=problem)
    ]


def test_another_reason_is_news_and_so_is_that_a_runtime_in_sync_is_lost() -> None:
    problem = {"code": "runtime.unavailable", "details": {"reason": "unreachable"}}
    known, news = find_news([_stand(state="failing", problem=problem)], {})
    assert news[0].problem == problem
    again = {"code": "auth.forbidden", "details": {}}
    assert len(find_news([_stand(state="failing", problem=again)], known)[1]) == 1
    known, _ = find_news([_stand()], {})
    assert [one.problem for one in find_news([_stand(problem=problem)], known)[1]] == [problem]
