"""Nothing passes but the positive grammar: what passes is inside bounds that are said here in another way (B-07)."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.boundary.literals import find_literal_fault
from yoi_bundle.boundary.manifest import find_boundary_faults
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.manifest import Argument, HttpServer, LiteralValue, Manifest, McpServer, StdioServer

CHARACTERS = frozenset(string.ascii_letters + string.digits + "-_./:@,=+~^<>![]*; ")
WORDS = st.sampled_from(
    [
        "read",
        "only",
        "server",
        "v2",
        "1.2",
        "@",
        "/",
        "-",
        ":",
        "=",
        "==",
        "https://",
        "--",
        ",",
        ".",
        "us",
        "\n",
        "é",
        " ",
    ]
)

texts = st.one_of(
    st.text(max_size=60),
    st.lists(WORDS, max_size=10).map("".join),
    st.from_regex(r"[A-Za-z0-9_./:@=-]{0,80}", fullmatch=True),
)
kinds = st.sampled_from([kind for kind in TOKEN_KINDS if kind.name != "letters-16"])


@pytest.mark.req("B-07")
@settings(max_examples=300, derandomize=True)
@given(texts)
def test_what_passes_has_only_plain_characters_and_no_long_runs(text: str) -> None:
    if find_literal_fault(text) is not None:
        return
    assert set(text) <= CHARACTERS
    assert len(text) <= 256
    assert all(len(run) <= 36 for run in re.findall(r"[A-Za-z]+", text))
    assert all(len(run) <= 15 for run in re.findall(r"[0-9]+", text))
    assert not re.search(r"[A-Za-z0-9]*(?:[a-z][0-9]|[0-9][a-z]){5}", text, re.IGNORECASE)
    assert "//" not in text.replace("https://", "").replace("http://", "")
    assert "?" not in text and "#" not in text


@pytest.mark.req("B-07")
@settings(max_examples=150, derandomize=True, deadline=None)
@given(kinds, st.integers(0, 10**6), st.sampled_from(["env", "header", "query", "argument", "flag"]))
def test_no_credential_passes_any_credential_capable_field(kind: object, seed: int, place: str) -> None:
    value = LiteralValue(value=make_token(kind, seed))  # type: ignore[arg-type]
    http = "https://example.com/mcp"
    transport = {
        "env": lambda: StdioServer(command="npx", env={"OPTION": value}),
        "argument": lambda: StdioServer(command="npx", args=(Argument(value=value),)),
        "flag": lambda: StdioServer(command="npx", args=(Argument(value=value, flag="--option="),)),
        "header": lambda: HttpServer(url=http, headers={"X-Option": value}),
        "query": lambda: HttpServer(url=http, query={"option": value}),
    }[place]()
    manifest = Manifest(
        schema_version=1, workspace="library", tools={"mcp:x": McpServer(transport=transport)}
    )
    assert [fault.code for fault in find_boundary_faults(manifest)] != []


@pytest.mark.req("B-01", "B-07")
@settings(max_examples=200, derandomize=True)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_hostile_free_json_gives_faults_and_never_an_exception(data: bytes) -> None:
    for fault in find_free_json_faults(data, place="/plugins/workspace:x/config", limits=DEFAULT_LIMITS):
        assert fault.code.startswith(("bundle.", "limit."))
