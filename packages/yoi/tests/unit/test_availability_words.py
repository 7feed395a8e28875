"""What people read of availability: how old it is, what stays after a withdrawal, and a build that failed."""

from typing import Any

import msgspec
import pytest

from yoi.render.availability import list_pair_columns, list_runtime_columns
from yoi.render.documents import describe_age, read_cell
from yoi_wire.backend.availability import AvailabilityView
from yoi_wire.backend.runtimes import RuntimeView

pytestmark = pytest.mark.req("K-05")

_AT = "2026-01-31T12:00:00.000Z"
_NOW = 1_769_860_800_000
"""The same instant."""
_DIGEST = "sha256:" + "1" * 64


def _read(seconds: int, **others: Any) -> dict[str, str]:
    item = {
        "runtime": "desk",
        "workspace": "library",
        "state": "in_sync",
        "placed": True,
        "desired": {"digest": _DIGEST, "revision": 2, "generation": 2},
        "observed": {"digest": _DIGEST, "revision": 2, "generation": 2, "observed_at": _AT},
        "stored": [_DIGEST],
        "in_use": {_DIGEST: 2},
        "lacking": {},
        "inspected_at": _AT,
        "rejected": [],
        "revoked_in_use": [],
        "skew": 0,
        "attempts": 0,
        "problem": None,
        "last_attempt_at": _AT,
        "last_success_at": _AT,
        "next_attempt_at": None,
        **others,
    }
    view = msgspec.convert(item, AvailabilityView)
    return {title: read_cell(view, where) for title, where in list_pair_columns(_NOW + seconds * 1000)}


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-5, "just now"),
        (9, "just now"),
        (59, "59 s ago"),
        (185, "3 min ago"),
        (3_600, "1 h ago"),
        (86_400, "24 h ago"),
        (3 * 86_400, "3 days ago"),
    ],
)
def test_an_age_is_told_in_one_unit(seconds: int, age: str) -> None:
    assert describe_age(_AT, _NOW + seconds * 1000) == age
    assert describe_age("2026-01-31T12:00:00Z", _NOW + seconds * 1000) == age


def test_what_is_no_instant_is_shown_as_it_is() -> None:
    assert describe_age("yesterday", _NOW) == "yesterday"


def test_counts_and_successes_say_how_old_they_are() -> None:
    shown = _read(185)
    assert (shown["in use"], shown["last success"]) == ("2, as of 3 min ago", "3 min ago")
    assert _read(0, in_use=None, stored=None, inspected_at=None)["in use"] == "not known yet"
    runtime = RuntimeView(
        name="desk",
        kind="remote",
        id="x",
        labels={},
        reachability="unreachable",
        last_seen_at=_AT,
        added_at=_AT,
        announcement=None,
        problem=None,
    )
    columns = dict(list_runtime_columns(_NOW + 7_200_000))
    assert read_cell(runtime, columns["last seen"]) == "2 h ago"


@pytest.mark.parametrize("state", ["withdrawing", "withdrawn", "withdrawal_refused"])
def test_a_withdrawal_says_what_stays_there(state: str) -> None:
    gone = {"state": state, "placed": False, "desired": None}
    assert _read(185, **gone)["problem"] == "1 bundle and 2 Workers stay there, as of 3 min ago"
    unknown = _read(185, **gone, stored=None, in_use=None, inspected_at=None)
    assert (unknown["problem"], unknown["in use"]) == ("what it stored, and its Workers, stay there", "")


def test_a_failed_build_stands_beside_a_runtime_that_is_in_sync() -> None:
    error = {"severity": "error", "rule": "key.unknown", "file": ".yoi/profiles/a.md", "line": 3}
    build = {"built_at": _AT, "code": "bundle.invalid", "commit": "c" * 40, "error": error}
    assert _read(185, failed_build=build)["problem"] == (
        "the last build of commit cccccccccccc failed 3 min ago: .yoi/profiles/a.md:3: key.unknown [bundle.invalid]"
    )
    cut = {"built_at": _AT, "code": "limit.exceeded", "commit": "", "error": None}
    assert _read(0, failed_build=cut)["problem"] == "the last build failed just now [limit.exceeded]"
