"""Queries are read by what an operation declares, and written the same way by clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yoi_wire.errors import RequestInvalidError
from yoi_wire.parameters import CURSOR, LIMIT, WORKSPACE, flag, format_query, number, read_query, text

PARAMETERS = (WORKSPACE, CURSOR, LIMIT, number("from", argument="start"), flag("force"))


def test_what_is_absent_has_its_default() -> None:
    assert read_query(PARAMETERS, []) == {
        "workspace": None,
        "cursor": None,
        "limit": 100,
        "start": None,
        "force": False,
    }


@pytest.mark.parametrize(
    ("pairs", "field"),
    [
        ([("nonsense", "1")], "nonsense"),
        ([("dry_run", "true")], "dry_run"),
        ([("limit", "1"), ("limit", "2")], "limit"),
        ([("limit", "-1")], "limit"),
        ([("limit", "١")], "limit"),
        ([("limit", "1" * 17)], "limit"),
        ([("limit", "")], "limit"),
        ([("workspace", "")], "workspace"),
        ([("force", "false")], "force"),
        ([("force", "")], "force"),
        ([("start", "1")], "start"),
    ],
)
def test_what_would_be_ignored_or_misread_is_refused_by_name(
    pairs: list[tuple[str, str]], field: str
) -> None:
    with pytest.raises(RequestInvalidError) as caught:
        read_query(PARAMETERS, pairs)
    assert caught.value.details()["field"] == field


def test_what_is_required_has_to_be_given() -> None:
    with pytest.raises(RequestInvalidError) as caught:
        read_query((text("runtime", required=True),), [])
    assert caught.value.details()["field"] == "runtime"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "workspace": st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True),
            "cursor": st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
            "limit": st.integers(0, 2**53 - 1),
            "start": st.integers(0, 2**53 - 1),
            "force": st.booleans(),
        },
    )
)
def test_what_a_client_writes_the_server_reads(values: dict[str, object]) -> None:
    read = read_query(PARAMETERS, list(format_query(PARAMETERS, values).items()))
    assert {name: read[name] for name in values} == values


def test_a_number_is_bounded_where_it_is_read() -> None:
    parameters = (number("generation", least=1), number("after"))
    for name, value in (
        ("generation", "0"),
        ("generation", str(2**53)),
        ("after", str(2**53)),
        ("after", "-1"),
    ):
        with pytest.raises(RequestInvalidError) as caught:
            read_query(parameters, [(name, value)])
        assert caught.value.details()["field"] == name
    assert read_query(parameters, [("generation", str(2**53 - 1))])["generation"] == 2**53 - 1
    assert parameters[0].form["minimum"] == 1
    assert parameters[0].form["maximum"] == 2**53 - 1
