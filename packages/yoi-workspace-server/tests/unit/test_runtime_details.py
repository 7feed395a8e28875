"""What is passed on of a Runtime's errors: known details, in this program's words (K-07)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.repository import ROOT, read_table
from support.runtime.error_samples import SAMPLES
from worker_runtime.remote.refusals import rebuild_error
from yoi_bundle.errors import ERROR_CLASSES, YoiError
from yoi_wire.error_details import clean_code, clean_details, list_passed_on
from yoi_workspace_server.views.runtimes import build_details_view
from yoi_workspace_server.views.texts import hide_secret_name, show_text

pytestmark = pytest.mark.req("K-07")

_WORDS = {"message", "why", "lease", "diagnostics", "reason", "near"}
"""Details that are a Runtime's own words, or nobody's business."""

_NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def _read_documented() -> dict[str, set[str]]:
    rows = read_table(ROOT / "docs" / "errors.md", "code")
    return {row["code"]: set(row["details"].split(", ")) - {"–"} for row in rows if row["HTTP"] != "reason"}


def test_every_documented_code_is_known_and_only_words_are_left_out() -> None:
    documented = _read_documented()
    for code, names in documented.items():
        assert list_passed_on(code) <= names
        assert names - list_passed_on(code) <= _WORDS, code


def _rebuild(error: YoiError) -> YoiError:
    details = clean_details(error.code, error.details())
    problem = {"code": error.code, "retryable": error.retryable, "details": details}
    return rebuild_error(500, msgspec.json.encode(problem))


@pytest.mark.parametrize("error", SAMPLES, ids=lambda one: one.code)
def test_a_cleaned_error_is_still_known_by_its_class(error: YoiError) -> None:
    assert type(_rebuild(error)) is type(error)


@settings(max_examples=200)
@given(code=st.sampled_from(sorted(_read_documented())), data=st.data())
def test_nothing_but_known_names_and_clean_texts_comes_through(code: str, data: st.DataObject) -> None:
    known = sorted(list_passed_on(code)) or ["x"]
    details = data.draw(st.dictionaries(st.sampled_from([*known, "said"]), _NESTED, max_size=4))
    for secret_names in (True, False):
        shown = build_details_view(code, details, secret_names=secret_names)
        assert "said" not in shown
        assert all(text.isascii() and text.isprintable() for text in _list_texts(shown))


def test_a_hostile_text_comes_through_nowhere() -> None:
    hostile = "Call +1 234 at once\u202e"
    details = {
        "faults": [{"code": "bundle.invalid", "pointer": "/x", "message": hostile, "remedy": hostile}],
        "reasons": [{"code": "policy.denied", "kind": "tool", "id": hostile, "rule": hostile}],
        "reason": hostile,
        "message": hostile,
        "selector": hostile,
        "digest": hostile,
        "missing": [hostile],
    }
    for code in [*ERROR_CLASSES, hostile]:
        assert hostile not in str(clean_details(code, details))
    assert clean_code(hostile) == "internal"
    assert clean_code("policy.denied") == "policy.denied"


def test_who_may_not_know_secret_references_is_told_of_none() -> None:
    details = {
        "reasons": [
            {
                "code": "secret.unavailable",
                "kind": "secret",
                "id": "LOAN_KEY",
                "pointer": "/secrets/LOAN_KEY",
            },
            {"code": "secret.unavailable", "kind": "tool", "id": "http:x", "pointer": "/secret/LOAN_KEY@x"},
        ]
    }
    assert "LOAN_KEY" in str(build_details_view("resolution.refused", details, secret_names=True))
    hidden = build_details_view("resolution.refused", details, secret_names=False)
    assert "LOAN_KEY" not in str(hidden)
    assert [one["id"] for one in hidden["reasons"]] == ["", "http:x"]


def test_a_pointer_ends_where_a_secret_is_named() -> None:
    assert hide_secret_name("/grants/secrets/LOAN_KEY/to/0") == "/grants/secrets"
    assert hide_secret_name("/tools/http:secrets/url") == "/tools/http:secrets/url"


def test_a_shown_text_is_bounded_and_has_no_hidden_characters() -> None:
    assert show_text("a\u202eb\nc" + "d" * 500) == "abc" + "d" * 197


def _list_texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for member in value.values() for text in _list_texts(member)]
    if isinstance(value, list):
        return [text for member in value for text in _list_texts(member)]
    return [value] if isinstance(value, str) else []
