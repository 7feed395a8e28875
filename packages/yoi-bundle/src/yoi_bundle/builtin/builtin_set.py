"""The built-in set as a bundle of its own; its digest is the digest of the set."""

import functools
from importlib.resources import files

from msgspec import Struct

from yoi_bundle.builtin.profiles import DEFAULT_PROFILE, PROFILES, BuiltinProfile
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import (
    Asks,
    BuiltinTool,
    Descriptor,
    Grants,
    Manifest,
    Member,
    MountGrant,
    Policy,
    Profile,
    Prompt,
    PromptUse,
    Rule,
    ToolList,
    compute_rule_id,
)
from yoi_bundle.manifest.capabilities import Ask, MountAsk
from yoi_bundle.schema import SCHEMA_VERSION
from yoi_bundle.verified import VerifiedBundle, verify_manifest

BUILTIN_WORKSPACE = "builtin"
"""The workspace id of the set, and the first segment of its prompts' and policies' ids."""


class BuiltinSet(Struct, frozen=True, kw_only=True):
    """A set of built-in profiles with all they refer to, verified like any bundle.

    Attributes:
        data: The manifest's canonical bytes.
        blobs: The prompts' bytes, by digest.
    """

    bundle: VerifiedBundle
    data: bytes
    blobs: dict[str, bytes]

    @property
    def digest(self) -> str:
        return self.bundle.digest

    @property
    def manifest(self) -> Manifest:
        return self.bundle.manifest


def make_builtin_set(manifest: Manifest, blobs: dict[str, bytes]) -> BuiltinSet:
    """Make a set of a manifest and its blobs.

    Raises:
        YoiError: See `verify_manifest`.
    """
    data = encode_canonical(manifest)
    return BuiltinSet(bundle=verify_manifest(data, compute_digest(data)), data=data, blobs=blobs)


NO_BUILTINS = make_builtin_set(Manifest(schema_version=SCHEMA_VERSION, workspace=BUILTIN_WORKSPACE), {})


@functools.cache
def load_builtin_set() -> BuiltinSet:
    """Return the set that this version of the package brings; the same bytes on every machine."""
    blobs: dict[str, bytes] = {}
    profiles: dict[str, Profile] = {}
    prompts: dict[str, Prompt] = {}
    policies: dict[str, Policy] = {}
    for name, recipe in PROFILES.items():
        item_id = f"{BUILTIN_WORKSPACE}/{name}"
        text = files("yoi_bundle.builtin").joinpath("prompts", f"{name}.md").read_bytes()
        digest = compute_digest(text)
        blobs[digest] = text
        content = Descriptor(media_type="text/markdown", digest=digest, size=len(text))
        prompts[item_id] = Prompt(title=recipe.title, content=content)
        policies[item_id] = _make_policy(recipe)
        profiles[name] = _make_profile(item_id, recipe)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        workspace=BUILTIN_WORKSPACE,
        prompts=prompts,
        policies=policies,
        tools={tool: BuiltinTool() for recipe in PROFILES.values() for tool in recipe.tools},
        grants=Grants(
            mounts={"workspace": MountGrant(access="rw")}, host={"shell": Member(), "git": Member()}
        ),
        profiles=profiles,
        default_profile=f"workspace:{DEFAULT_PROFILE}",
    )
    return make_builtin_set(manifest, blobs)


def _make_profile(item_id: str, recipe: BuiltinProfile) -> Profile:
    return Profile(
        title=recipe.title,
        description=recipe.description,
        tools=ToolList(tools={tool: Ask() for tool in recipe.tools}),
        prompts=(PromptUse(prompt=item_id),),
        policies={item_id: Member()},
        asks=Asks(
            mounts={"workspace": MountAsk(access=recipe.access)},
            host={name: Ask() for name in recipe.host},
        ),
    )


def _make_policy(recipe: BuiltinProfile) -> Policy:
    rules = [Rule(effect="allow", tool=tool) for tool in recipe.allowed]
    rules += [Rule(effect="ask", tool=tool) for tool in recipe.tools if tool not in recipe.allowed]
    return Policy(title=recipe.title, rules={compute_rule_id(rule): rule for rule in rules})
