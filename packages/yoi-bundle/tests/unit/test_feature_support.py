"""Features: a reader that lacks one refuses the profiles that need it, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from support.bundles.bundle_strategies import GeneratedBundle, bundles
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import BundleInvalidError
from yoi_bundle.profile_closure import compute_profile_features, find_profile_faults, list_profiles, list_uses
from yoi_bundle.schema import KNOWN_FEATURES, compute_features
from yoi_bundle.verified import VerifiedBundle, verify_manifest

pytestmark = pytest.mark.req("B-06")
FUTURE: dict[str, Any] = {"thought.reading": {}}
BLOB = {"digest": compute_digest(b"x"), "media_type": "text/x-future", "size": 1}


def verify(document: dict[str, Any], features: frozenset[str] = KNOWN_FEATURES) -> VerifiedBundle:
    data = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return verify_manifest(data, compute_digest(data), features=features)


def build(**fields: Any) -> dict[str, Any]:
    return {"schema_version": 1, "workspace": "library", **fields}


def profile(**fields: Any) -> dict[str, Any]:
    return {"tools": {"kind": "list"}, **fields}


def test_only_the_profiles_that_use_an_item_lose_by_its_feature() -> None:
    bundle = verify(
        build(
            prompts={"new": {"features": FUTURE, "body": {"unheard": [1, BLOB]}}},
            profiles={"a": profile(prompts=[{"prompt": "new"}]), "b": profile()},
            builtin={
                "set_digest": compute_digest(b""),
                "profiles": {"c": profile(prompts=[{"prompt": "new"}])},
            },
        )
    )
    assert set(bundle.manifest.profiles) == {"a", "b"}
    assert compute_profile_features(bundle) == {
        "workspace:a": {"thought.reading"},
        "builtin:c": {"thought.reading"},
    }
    (fault,) = find_profile_faults(bundle)["workspace:a"]
    assert (fault.code, fault.pointer, fault.kind, fault.name) == (
        "feature.unsupported",
        "/prompts/new",
        "prompts",
        "thought.reading",
    )


def test_a_profile_that_needs_a_feature_itself_is_set_apart() -> None:
    bundle = verify(
        build(
            profiles={"a": {"features": FUTURE, "mood": "new"}, "b": profile()},
            builtin={"set_digest": compute_digest(b""), "profiles": {"c": {"features": FUTURE}}},
            default_profile="builtin:c",
        )
    )
    assert set(bundle.manifest.profiles) == {"b"}
    assert set(compute_profile_features(bundle)) == {"workspace:a", "builtin:c"}


def test_a_feature_reaches_profiles_through_workflows_and_selections() -> None:
    bundle = verify(
        build(
            tools={"http:new": {"features": FUTURE, "kind": "dream"}},
            policies={"new": {"features": {"other.thing": {}}}},
            workflows={
                "flow": {
                    "body": {"kind": "text", "content": BLOB | {"media_type": "text/plain"}},
                    "policies": {"new": {}},
                }
            },
            profiles={
                "all": {"tools": {"kind": "all"}},
                "named": {"tools": {"kind": "list", "tools": {"http:new": {}}}},
                "flows": profile(workflows={"flow": {}}),
                "none": profile(),
            },
        )
    )
    assert compute_profile_features(bundle) == {
        "workspace:all": {"thought.reading"},
        "workspace:named": {"thought.reading"},
        "workspace:flows": {"other.thing"},
    }


def test_blobs_of_items_that_cannot_be_read_belong_to_the_bundle() -> None:
    bundle = verify(build(prompts={"new": {"features": FUTURE, "deep": [{"x": BLOB}]}}))
    assert set(bundle.blobs) == {BLOB["digest"]}
    assert bundle.blobs[str(BLOB["digest"])].media_type == "application/octet-stream"


def test_a_size_that_disagrees_is_found_in_items_that_cannot_be_read_too() -> None:
    known = {"content": BLOB | {"media_type": "text/plain", "size": 2}}
    with pytest.raises(BundleInvalidError):
        verify(build(prompts={"known": known, "new": {"features": FUTURE, "x": BLOB}}))


def test_features_must_be_just_those_that_the_content_needs() -> None:
    content = {"content": BLOB | {"media_type": "text/plain"}}
    for prompt in (
        content | {"applies_to": {"*.py": {}}},
        content | {"features": {"prompt.conditional": {}}},
    ):
        with pytest.raises(BundleInvalidError) as caught:
            verify(build(prompts={"a": prompt}))
        assert caught.value.faults[0].pointer == "/prompts/a/features"
    assert verify(
        build(prompts={"a": content | {"applies_to": {"*.py": {}}, "features": {"prompt.conditional": {}}}})
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(bundles())
def test_a_reader_without_features_refuses_just_the_profiles_that_need_one(
    generated: GeneratedBundle,
) -> None:
    plain = verify_manifest(generated.data, generated.digest, features=frozenset())
    sizes = {digest: one.size for digest, one in plain.blobs.items()}
    assert sizes == {digest: one.size for digest, one in generated.bundle.blobs.items()}
    items = {
        (section, name): compute_features(item)
        for section in ("prompts", "workflows", "plugins")
        for name, item in getattr(generated.manifest, section).items()
    }
    uses = list_uses(generated.manifest)
    expected = {
        selector: frozenset().union(
            *(features for key, features in items.items() if selector in uses.get(key, set()))
        )
        for selector in list_profiles(generated.manifest)
    }
    found = compute_profile_features(plain)
    for selector, features in expected.items():
        direct = {name for key, name in _direct(generated, selector)}
        assert found.get(selector, frozenset()) <= features
        assert direct <= found.get(selector, frozenset())


def _direct(generated: GeneratedBundle, selector: str) -> list[tuple[str, str]]:
    """Return the features of items that a profile names itself."""
    chosen = list_profiles(generated.manifest)[selector]
    named = [generated.manifest.prompts[use.prompt] for use in chosen.prompts]
    found = [feature for item in named for feature in compute_features(item)]
    found += [
        feature
        for name in chosen.workflows
        for feature in compute_features(generated.manifest.workflows[name])
    ]
    found += [
        feature for name in chosen.plugins for feature in compute_features(generated.manifest.plugins[name])
    ]
    return [(selector, feature) for feature in found]
