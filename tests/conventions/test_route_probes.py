"""Every route of both programs refuses what it does not know, and answers HEAD, OPTIONS and Accept as declared."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.route_probes import Probes, probe_backend, probe_runtime

PROGRAMS = [probe_runtime, probe_backend]


@pytest.fixture(scope="module", params=PROGRAMS, ids=["runtime", "backend"])
def rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Probes]:
    probe: Callable[[Path], list[Probes]] = request.param
    return probe(tmp_path_factory.mktemp("probes") / "data")


@pytest.mark.req("B-06")
def test_an_unknown_query_word_is_refused_on_every_route(rows: list[Probes]) -> None:
    assert len(rows) > 25
    assert {row.path: row.unknown_query for row in rows if row.unknown_query != 400} == {}


@pytest.mark.req("B-06")
def test_an_unknown_body_member_is_refused_on_every_route_that_takes_a_body(rows: list[Probes]) -> None:
    taken = [row for row in rows if row.unknown_member is not None]
    assert len(taken) >= 5
    assert {row.path: row.unknown_member for row in taken if row.unknown_member != 400} == {}


def test_head_is_answered_where_get_is_and_nowhere_else(rows: list[Probes]) -> None:
    for row in rows:
        methods = row.options[1].split(", ")
        assert (row.head == 405) is ("HEAD" not in methods), row.path
        if not row.path.startswith(("/v1/", "/api/")):
            assert row.head in {200, 303}, row.path


def test_options_names_the_methods_of_the_path(rows: list[Probes]) -> None:
    methods: dict[str, set[str]] = {}
    for row in rows:
        methods.setdefault(row.path, set()).add(row.method)
    for row in rows:
        status, allowed = row.options
        implied = {"HEAD"} if "GET" in methods[row.path] else set()
        assert (status, set(allowed.split(", "))) == (405, methods[row.path] | implied), row.path


def test_an_answer_of_another_media_type_is_not_made(rows: list[Probes]) -> None:
    offered = [row for row in rows if row.wrong_accept is not None]
    assert len(offered) > 15
    assert {row.path: row.wrong_accept for row in offered if row.wrong_accept != 406} == {}
