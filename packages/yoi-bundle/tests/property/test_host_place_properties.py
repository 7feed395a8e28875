"""The short way of plain relative paths never hides a place on a host (B-08)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yoi_bundle.boundary.host_places import find_host_place

CHARACTERS = "abZ9._-/ :=,;~%$@"
PLACES = st.sampled_from(
    ["/etc/x", "~/x", "C:\\x", "../x", "file:///x", "//host/x", "$HOME/x", "\\\\host\\x"]
)


@pytest.mark.req("B-08")
@settings(max_examples=1_000)
@given(before=st.text(alphabet=CHARACTERS, max_size=12), place=PLACES)
def test_a_place_after_any_text_is_found(before: str, place: str) -> None:
    assert find_host_place(f"{before}={place}") is not None
    assert find_host_place(place) is not None


@pytest.mark.req("B-08")
@pytest.mark.parametrize("path", ["agents/tuner.md", ".github/agents/x.agent.md", "a..b/c", "v1.2", "-x/_y"])
def test_a_path_inside_its_own_resource_is_none(path: str) -> None:
    assert find_host_place(path) is None
