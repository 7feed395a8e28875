"""Host patterns are the sets of hosts and ports that they match (S-02)."""

import pytest

from worker_runtime.resolution.host_patterns import includes, intersect, intersect_all

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
