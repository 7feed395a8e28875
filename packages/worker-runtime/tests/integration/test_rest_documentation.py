"""The page about the REST surface, and what a path says of its methods (R-01)."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hostile.raw_http import ask
from support.runtime.rest_under_test import RestUnderTest
from worker_runtime.contract.operations import RUNTIME_OPERATIONS

pytestmark = pytest.mark.req("R-01")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    under_test = RestUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


def test_the_page_names_every_operation(server: RestUnderTest) -> None:
    answer = server.run(ask(server.socket, "GET", "/docs"))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = answer.body.decode()
    for method, path in RUNTIME_OPERATIONS:
        assert f"{method} {path}<" in page


def test_the_page_loads_nothing_and_runs_nothing(server: RestUnderTest) -> None:
    answer = server.run(ask(server.socket, "GET", "/docs"))
    page = answer.body.decode()
    assert re.findall(r"<(?:script|img|link|iframe|object)\b|\bsrc=|\burl\(|@import|\bon\w+=", page) == []
    assert re.findall(r'href="([^"]*)"', page) == ["openapi.json"]
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in style]
    assert policy["style-src"] == f"'sha256-{hashes[0]}'"


@pytest.mark.parametrize("path", sorted({path for _, path in RUNTIME_OPERATIONS}))
def test_a_path_says_all_its_methods_and_no_other(server: RestUnderTest, path: str) -> None:
    expected = {method for method, template in RUNTIME_OPERATIONS if template == path}
    expected |= {"HEAD"} if "GET" in expected else set()
    asked = re.sub(r"\{\w+\}", "x", path)
    for method in ("OPTIONS", "PATCH", "PROPFIND"):
        answer = server.run(ask(server.socket, method, asked))
        assert (answer.status, answer.problem["code"]) == (405, "request.invalid")
        assert set(answer.headers["allow"].split(", ")) == expected


def test_a_path_that_is_none_has_no_methods(server: RestUnderTest) -> None:
    assert server.run(ask(server.socket, "OPTIONS", "/v2/workers")).status == 404
