import json

import pytest

from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.errors import Fault
from yoi_bundle.limits import DEFAULT_LIMITS

PLACE = "/plugins/workspace:desk/config"


def _find(data: bytes) -> list[Fault]:
    return find_free_json_faults(data, place=PLACE, limits=DEFAULT_LIMITS)


def _find_in(document: object) -> list[tuple[str, str]]:
    return [(fault.code, fault.pointer.removeprefix(PLACE)) for fault in _find(json.dumps(document).encode())]


@pytest.mark.req("B-01")
@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b'{"a":NaN}', b"[Infinity]", b"[-Infinity]", b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b"{}{}", b"1" * 5000, "{}".encode("utf-16")],
)  # fmt: skip
def test_what_is_no_strict_json_is_refused(data: bytes) -> None:
    (fault,) = _find(data)
    assert (fault.code, fault.pointer) == ("bundle.invalid", PLACE)


@pytest.mark.req("B-01")
def test_a_lone_surrogate_is_no_text() -> None:
    assert [fault.code for fault in _find(rb'{"a":"\ud800"}')] == ["bundle.invalid"]
    assert [fault.code for fault in _find(rb'{"\ud800":"a"}')] == ["bundle.invalid"]


@pytest.mark.req("B-11")
def test_nesting_is_counted_before_anything_is_parsed() -> None:
    (fault,) = _find(b"[" * 200_000 + b"]" * 200_000)
    assert fault.code == "limit.exceeded"
    assert _find(b"[" * DEFAULT_LIMITS.depth + b"]" * DEFAULT_LIMITS.depth) == []


@pytest.mark.req("B-07")
def test_an_ordinary_schema_and_an_ordinary_config_pass() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Search",
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "Reads /etc and ~/notes.", "pattern": "^/[a-z]{1,8}$"},
            "api_key": {"type": "string", "description": "The key of the service."},
            "order": {"enum": ["newest-first", "title"], "default": "title"},
        },
        "required": ["query"],
        "additionalProperties": False,
    }
    assert _find_in(schema) == []
    assert (
        _find_in(
            {
                "retries": 3,
                "ratio": 0.5,
                "server": {"url": "https://example.com"},
                "greeting": "ようこそ。本を探しましょう。",
            }
        )
        == []
    )


@pytest.mark.req("B-07")
def test_a_key_that_names_a_credential_takes_no_literal() -> None:
    assert _find_in({"api_key": "catalogue"}) == [("bundle.secret_value", "#/api_key")]
    assert _find_in({"auth": {"tokens": ["catalogue"]}}) == [("bundle.secret_value", "#/auth/tokens/0")]
    assert _find_in({"properties": {"api_key": {"default": "catalogue"}}}) == [
        ("bundle.secret_value", "#/properties/api_key/default")
    ]
    assert _find_in({"api_key": ""}) == []


@pytest.mark.req("B-07")
def test_a_generated_value_is_refused_wherever_it_stands_and_never_shown() -> None:
    for kind in TOKEN_KINDS:
        if kind.name == "letters-16":
            continue
        token = make_token(kind)
        faults = _find(json.dumps({"server": {"option": token}}).encode())
        assert [fault.code for fault in faults][-1:] == ["bundle.secret_value"], kind.name
        assert token not in str(faults)
        if kind.form == "structured":
            for document in ({token: 1}, {"description": f"use {token}"}):
                faults = _find(json.dumps(document).encode())
                assert [fault.code for fault in faults] == ["bundle.secret_value"], kind.name
                assert token not in str(faults)


@pytest.mark.req("B-08")
def test_a_place_on_a_host_is_refused_in_a_value_and_passes_in_a_description() -> None:
    assert _find_in({"folder": "/srv/data"}) == [("bundle.host_value", "#/folder")]
    assert _find_in({"description": "see /srv/data"}) == []


@pytest.mark.req("B-09")
def test_hidden_text_is_refused_in_keys_values_and_descriptions() -> None:
    for document in ({"a\u202e": 1}, {"a": "b\u202e"}, {"description": "b\u202e"}):
        assert [code for code, _ in _find_in(document)] == ["bundle.hidden_text"]
