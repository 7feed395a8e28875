import pytest

from worker_runtime.embedded.operations.bundles import list_rejected_profiles
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import Descriptor, Manifest, Member, Profile, Prompt, PromptUse, ToolList
from yoi_bundle.verified import VerifiedBundle, verify_manifest


def _verify(features: frozenset[str]) -> VerifiedBundle:
    content = Descriptor(media_type="text/markdown", digest=compute_digest(b"text"), size=4)
    conditional = Prompt(
        content=content, applies_to={"*.py": Member()}, features={"prompt.conditional": Member()}
    )
    manifest = Manifest(
        schema_version=1,
        workspace="library",
        prompts={"always": Prompt(content=content), "sometimes": conditional},
        profiles={
            "guide": Profile(tools=ToolList(), prompts=(PromptUse(prompt="always"),)),
            "reviewer": Profile(tools=ToolList(), prompts=(PromptUse(prompt="sometimes"),)),
        },
    )
    data = encode_canonical(manifest)
    return verify_manifest(data, compute_digest(data), features=features)


@pytest.mark.req("B-06", "R-05")
def test_a_status_names_the_profiles_whose_items_need_what_is_lacking() -> None:
    rejected = list_rejected_profiles(_verify(frozenset()))
    assert [(one.profile, one.code, one.lacking) for one in rejected] == [
        ("workspace:reviewer", "feature.unsupported", ("prompt.conditional",))
    ]


@pytest.mark.req("B-06", "R-05")
def test_a_status_names_no_profile_when_nothing_is_lacking() -> None:
    assert list_rejected_profiles(_verify(frozenset({"prompt.conditional"}))) == ()
