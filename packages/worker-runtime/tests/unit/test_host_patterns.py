"""Host patterns are the sets of hosts and ports that they match (S-02)."""

import itertools

import pytest

from worker_runtime.resolution.host_patterns import includes, intersect, intersect_all
from yoi_bundle.calls.urls import find_origin, matches_origin, parse_host_pattern

INTERSECTIONS = [
    ("a.org", "a.org", "a.org"),
    ("a.org", "b.org", None),
    ("*.org", "a.org", "a.org"),
    ("*.org", "*.a.org", "*.a.org"),
    ("*.a.org", "a.org", None),
    ("*.a.org", "b-a.org", None),
    ("*.a.org", "*.b.org", None),
    ("a.org", "a.org:443", "a.org:443"),
    ("a.org", "a.org:8080", None),
    ("*.org:8080", "a.org:8080", "a.org:8080"),
    ("*.org:80", "a.org", "a.org:80"),
    ("a.org:80", "a.org:443", None),
]


@pytest.mark.req("S-02")
@pytest.mark.parametrize(("left", "right", "both"), INTERSECTIONS)
def test_two_patterns_meet_in_what_both_match(left: str, right: str, both: str | None) -> None:
    assert intersect(left, right) == intersect(right, left) == both
    if both is not None:
        assert includes(left, both)
        assert includes(right, both)


@pytest.mark.req("S-02")
def test_sets_of_patterns_meet_without_what_others_include() -> None:
    assert intersect_all(["*.org", "a.org"], ["*.a.org", "a.org", "b.a.org"]) == ("*.a.org", "a.org")
    assert intersect_all(["*.org"], []) == ()


@pytest.mark.req("S-02")
@pytest.mark.parametrize(("left", "right", "both"), [case for case in INTERSECTIONS if case[2] is not None])
def test_what_two_patterns_have_in_common_matches_no_url_that_one_of_them_does_not(
    left: str, right: str, both: str
) -> None:
    """A rule about a URL and the intersection mean the same by a pattern without a port."""
    for scheme, port in itertools.product(("http", "https"), ("", ":80", ":443", ":8080")):
        for name in ("a.org", "b.a.org", "b.org"):
            origin = find_origin(f"{scheme}://{name}{port}/")
            assert origin is not None
            sides = [matches_origin(parse_host_pattern(one), origin) for one in (left, right)]
            assert matches_origin(parse_host_pattern(both), origin) == all(sides)
