"""Selectors: where each kind of selector is looked for, and that it is found nowhere else (S-07)."""

from typing import Literal

import pytest
from msgspec.structs import replace

from support.runtime.resolution_world import make_bundle, make_manifest, make_profile
from worker_runtime.resolution.errors import InvalidSelectorError, ProfileNotFoundError
from worker_runtime.resolution.selectors import select_profile, verify_selector
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import Member
from yoi_bundle.verified import verify_manifest

BUILTIN = load_builtin_set().bundle
A_BUILTIN = sorted(BUILTIN.manifest.profiles)[0]


@pytest.mark.req("S-07")
def test_a_workspace_profile_is_found_in_its_bundle_with_its_name_and_place() -> None:
    bundle = make_bundle()
    found = select_profile(bundle, "workspace:helper", source="bundle")
    assert (found.selector, found.name, found.pointer) == ("workspace:helper", "helper", "/profiles/helper")
    assert found.profile == bundle.manifest.profiles["helper"]
    assert found.lacking == frozenset()


@pytest.mark.req("S-07")
def test_default_means_what_the_bundle_says() -> None:
    found = select_profile(make_bundle(), "default", source="bundle")
    assert (found.selector, found.name) == ("workspace:helper", "helper")


@pytest.mark.req("S-07")
def test_a_builtin_profile_has_no_name_among_the_workspaces_own() -> None:
    found = select_profile(BUILTIN, f"builtin:{A_BUILTIN}", source="builtin")
    assert (found.selector, found.name) == (f"builtin:{A_BUILTIN}", None)
    assert (found.pointer, found.profile) == (
        f"/profiles/{A_BUILTIN}",
        BUILTIN.manifest.profiles[A_BUILTIN],
    )


@pytest.mark.req("S-07")
def test_default_without_a_bundle_is_a_builtin_profile() -> None:
    found = select_profile(BUILTIN, "default", source="builtin")
    assert found.selector.startswith("builtin:")
    assert found.profile is not None


@pytest.mark.req("S-07")
@pytest.mark.parametrize(
    ("source", "selector"),
    [
        ("bundle", "workspace:other"),
        ("bundle", f"builtin:{A_BUILTIN}"),
        ("builtin", "builtin:other"),
        ("builtin", f"workspace:{A_BUILTIN}"),
    ],
)
def test_a_profile_that_is_not_in_the_selectors_own_place_is_not_found(
    source: Literal["bundle", "builtin"], selector: str
) -> None:
    with pytest.raises(ProfileNotFoundError) as caught:
        select_profile(make_bundle() if source == "bundle" else BUILTIN, selector, source=source)
    assert caught.value.args == ProfileNotFoundError(selector, source).args


@pytest.mark.req("S-07")
def test_default_is_not_found_in_a_bundle_that_names_none() -> None:
    bundle = make_bundle(make_manifest(default_profile=None))
    with pytest.raises(ProfileNotFoundError):
        select_profile(bundle, "default", source="bundle")


@pytest.mark.parametrize("selector", ["", "helper", "workspace:", "workspace:a b", "other:helper"])
def test_what_is_no_selector_is_refused_before_anything_is_looked_up(selector: str) -> None:
    with pytest.raises(InvalidSelectorError):
        verify_selector(selector)
    with pytest.raises(InvalidSelectorError):
        select_profile(make_bundle(), selector, source="bundle")


@pytest.mark.req("S-07", "B-06")
def test_a_profile_that_needs_a_feature_of_a_newer_reader_is_found_without_its_content_and_says_what_is_lacking() -> (
    None
):
    newer = replace(make_profile(), features={"profile.newer": Member()})
    data = encode_canonical(make_manifest(profiles={"a/b": newer}, default_profile=None))
    bundle = verify_manifest(data, compute_digest(data), features=frozenset())
    found = select_profile(bundle, "workspace:a/b", source="bundle")
    assert (found.selector, found.name, found.pointer) == ("workspace:a/b", "a/b", "/profiles/a~1b")
    assert (found.profile, found.lacking) == (None, frozenset({"profile.newer"}))
