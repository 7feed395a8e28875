"""Errors from code and details, and what is passed on of a peer's (K-07)."""

import secrets
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.backend.error_samples import BACKEND_SAMPLES
from support.documents.error_table import list_codes, list_details
from support.runtime.error_samples import SAMPLES
from yoi_bundle.errors import ERROR_CLASSES, YoiError
from yoi_wire.error_details import build_error, clean_details
from yoi_wire.errors import BundleMissingError, RuntimeOverloadedError, UnauthenticatedError

_D = f"sha256:{'1' * 64}"
_EVERY = [*SAMPLES, *BACKEND_SAMPLES]
_LOCAL_WORDS = {"auth.unauthenticated", "internal"}
"""Their message does not travel."""


@pytest.mark.req("R-01")
def test_every_code_has_a_sample() -> None:
    assert {error.code for error in _EVERY} == set(list_codes())


@pytest.mark.req("R-01")
@pytest.mark.parametrize("error", _EVERY, ids=lambda error: type(error).__name__)
def test_an_error_comes_back_from_its_code_and_details(error: YoiError) -> None:
    details = msgspec.json.decode(msgspec.json.encode(error.details()))
    built = build_error(error.code, details)
    assert type(built) is type(error)
    assert built.details() == error.details() == details
    assert (built.status, built.exit, built.retryable) == (error.status, error.exit, error.retryable)
    assert str(built) == str(error) or error.code in _LOCAL_WORDS


def test_members_of_later_versions_are_passed_over() -> None:
    assert build_error("bundle.missing", {"digest": _D, "mood": "low"}).details() == {"digest": _D}


@pytest.mark.parametrize(
    ("code", "details"),
    [
        ("no.such_code", {}),
        ("bundle.missing", {}),
        ("bundle.missing", {"digest": 7}),
        ("bundle.in_use", {"digest": _D, "assigned": 1, "workers": []}),
        ("bundle.invalid", {"faults": []}),
        ("bundle.invalid", {"faults": [{"code": "bundle.invalid"}]}),
        ("resolution.refused", {"reasons": [{}]}),
        ("assignment.stale", {"workspace": "library", "generation": 2**53, "current": 1}),
        ("assignment.stale", {"workspace": "library", "generation": -(2**53), "current": 1}),
    ],
)
def test_details_of_another_form_are_no_error_of_the_code(code: str, details: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        build_error(code, details)


@pytest.mark.req("K-07")
@pytest.mark.parametrize(
    ("code", "details", "passed_on"),
    [
        ("bundle.missing", {"digest": _D, "mood": "low"}, {"digest": _D}),
        ("bundle.missing", {"digest": _D.upper()}, {}),
        ("bundle.missing", {"digest": f"{_D}\n"}, {}),
        ("bundle.corrupt", {"damaged": [_D, "x", 7]}, {"damaged": [_D]}),
        ("bundle.corrupt", {"damaged": [_D] * 101}, {"damaged": [_D] * 100}),
        ("bundle.corrupt", {"damaged": _D}, {}),
        ("bundle.in_use", {"assigned": 1, "workers": ["a b"]}, {"workers": []}),
        ("bundle.unassigned", {"assigned": "of the museum"}, {"assigned": None}),
        ("bundle.required", {"why": "call +1"}, {"why": "the host's policy asks for one"}),
        ("bundle.not_canonical", {"offset": 2**53 - 1}, {"offset": 2**53 - 1}),
        ("bundle.not_canonical", {"offset": 2**53}, {}),
        ("bundle.not_canonical", {"offset": True}, {}),
        ("schema.unsupported", {"found": "2.0", "supported": [1]}, {"found": "2.0", "supported": [1]}),
        ("schema.unsupported", {"found": "the second", "supported": 1}, {}),
        ("lease.expired", {"lease": "abc"}, {"lease": ""}),
        ("runtime.unavailable", {"reason": "Call me"}, {"reason": "unreachable"}),
        (
            "runtime.unavailable",
            {"reason": "storage_full", "request": "0a"},
            {"reason": "storage_full", "request": "0a"},
        ),
        ("runtime.overloaded", {"retry_after_seconds": 3}, {"reason": "leases", "retry_after_seconds": 3}),
        ("auth.unauthenticated", {"message": "call +1"}, {}),
        ("profile.not_found", {"near": ["x"], "source": "bundle"}, {"source": "bundle"}),
        ("placement.denied", {"rule": "", "workspace": "*"}, {"rule": "", "workspace": "*"}),
        ("no.such_code", {"digest": _D}, {}),
    ],
)
def test_only_what_fits_its_field_is_passed_on(
    code: str, details: dict[str, Any], passed_on: dict[str, Any]
) -> None:
    cleaned = clean_details(code, details)
    assert {name: cleaned[name] for name in cleaned if name in {**details, **passed_on}} == passed_on


@pytest.mark.req("K-07")
def test_a_fault_and_a_reason_are_told_in_words_of_this_program() -> None:
    fault = {"code": "bundle.secret_value", "pointer": "/x", "message": "call +1", "remedy": "call +1"}
    later = {"code": "bundle.too_sad", "pointer": "/x", "message": "call +1", "kind": "A B"}
    cleaned = clean_details("bundle.secret_value", {"faults": [fault, later, {"code": "bundle.invalid"}]})
    assert cleaned == {
        "faults": [
            {"code": "bundle.secret_value", "pointer": "/x", "message": "may be a credential"},
            {"code": "bundle.too_sad", "pointer": "/x", "message": "refused"},
        ]
    }
    reason = {
        "code": "policy.denied",
        "kind": "tool",
        "id": "a b",
        "rule": "host_policy.silent",
        "message": "call +1",
    }
    silent = {"code": "policy.denied", "kind": "tool", "id": "t", "rule": "later.rule"}
    cleaned = clean_details("resolution.refused", {"reasons": [reason, silent, {"code": "policy.denied"}]})
    assert cleaned["reasons"] == [
        {**reason, "id": "", "message": "host policy does not grant it"},
        {**silent, "message": ""},
    ]


_FAULT_MEMBERS = ("code", "pointer", "message", "remedy", "kind", "name", "id", "layer", "rule")


@pytest.mark.req("K-07")
@given(data=st.data(), code=st.sampled_from(list_codes()))
def test_a_private_text_is_passed_on_in_no_detail(data: st.DataObject, code: str) -> None:
    private = f"\u79d8\u5bc6 {secrets.token_hex(8)}"
    sample = next(error.details() for error in _EVERY if error.code == code)
    texts = st.sampled_from([private, f"x {private}", "bundle.invalid", "tool", _D])
    objects = st.dictionaries(st.sampled_from([*_FAULT_MEMBERS, private]), texts, max_size=9)
    values = st.recursive(texts | objects, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
    names = st.sampled_from([*list_details(ERROR_CLASSES[code]), "message", private])
    details = {**sample, **data.draw(st.dictionaries(names, values, min_size=1, max_size=5))}
    assert private not in str(clean_details(code, details))


def test_a_code_is_declared_by_one_class_alone() -> None:
    with pytest.raises(TypeError, match="declared twice"):

        class AgainError(YoiError, code="bundle.missing"):
            pass

    class TooSoonError(UnauthenticatedError, remedy="wait"):
        pass

    assert TooSoonError("no").remedy == "wait"
    assert ERROR_CLASSES["bundle.missing"] is BundleMissingError
    assert type(build_error("auth.unauthenticated", {})) is UnauthenticatedError


def test_a_constructor_takes_its_fields_and_nothing_else() -> None:
    with pytest.raises(TypeError):
        BundleMissingError()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        RuntimeOverloadedError("busy", 3)  # type: ignore[call-arg,misc]
    with pytest.raises(TypeError):
        BundleMissingError(_D, mood="low")  # type: ignore[call-arg]
