"""The direction of each kind of change, one by one."""

from typing import Any

import pytest
from msgspec.structs import replace

from support.bundles.bundle_strategies import BLOBS, CONTENTS, build_bundle
from yoi_bundle.diff import Change, compute_diff
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import (
    AllTools,
    Ask,
    Asks,
    BuiltinTool,
    BundleModel,
    Descriptor,
    DomainMatch,
    Effect,
    ExactMatch,
    Grants,
    HostModel,
    HostServer,
    Manifest,
    McpServer,
    Member,
    MountAsk,
    MountGrant,
    Policy,
    Profile,
    Prompt,
    PromptUse,
    Rule,
    SecretRef,
    Skill,
    SkillFile,
    ToolList,
    WorkerLimits,
    compute_rule_id,
)

MEMBER = Member()


def describe(content: bytes, media_type: Any = "text/markdown") -> Descriptor:
    return Descriptor(media_type=media_type, digest=compute_digest(content), size=len(content))


def build_policy(default: Effect, *effects: Effect) -> Policy:
    matches = {"deny": "rm", "ask": "git", "allow": "ls"}
    rules = [
        Rule(effect=effect, tool="shell.run", where=ExactMatch(argument="command", value=matches[effect]))
        for effect in effects
    ]
    return Policy(default=default, rules={compute_rule_id(rule): rule for rule in rules})


PROFILE = Profile(
    tools=ToolList(tools={"file.read": Ask(), "mcp:files": Ask(required=True)}),
    prompts=(PromptUse(prompt="guide"),),
    models=("main",),
    policies={"house": MEMBER},
    skills={"search": Ask()},
    asks=Asks(
        mounts={"docs": MountAsk(access="rw")},
        secrets={"TOKEN": Ask(required=True), "OTHER": Ask()},
        limits=WorkerLimits(turns=5),
    ),
)
MANIFEST = Manifest(
    schema_version=1,
    workspace="library",
    models={"main": BundleModel(provider="example", model="large-1")},
    prompts={"guide": Prompt(content=describe(CONTENTS[1])), "unused": Prompt(content=describe(CONTENTS[1]))},
    skills={"search": Skill(files={"SKILL.md": SkillFile(content=describe(CONTENTS[1]))})},
    tools={
        "file.read": BuiltinTool(),
        "mcp:files": McpServer(transport=HostServer(name="files"), exposes={"find": MEMBER}),
    },
    policies={"house": build_policy("deny", "deny", "ask", "allow")},
    grants=Grants(
        secrets={"TOKEN": MEMBER}, mounts={"docs": MountGrant()}, network={"docs.example.org": MEMBER}
    ),
    profiles={"reader": PROFILE},
    default_profile="workspace:reader",
)


def change_profile(**fields: Any) -> Manifest:
    return replace(MANIFEST, profiles={"reader": replace(PROFILE, **fields)})


def change_asks(**fields: Any) -> Manifest:
    return change_profile(asks=replace(PROFILE.asks, **fields))


def change_grants(**fields: Any) -> Manifest:
    return replace(MANIFEST, grants=replace(MANIFEST.grants, **fields))


def change_server(**fields: Any) -> Manifest:
    server = replace(MANIFEST.tools["mcp:files"], **fields)
    return replace(MANIFEST, tools={**MANIFEST.tools, "mcp:files": server})


def change_policy(policy: Policy) -> Manifest:
    return replace(MANIFEST, policies={"house": policy})


def change_skill(content: bytes, *, executable: bool = False) -> Manifest:
    files = {"SKILL.md": SkillFile(content=describe(content), executable=executable)}
    return replace(MANIFEST, skills={"search": Skill(files=files)})


def list_changes(old: Manifest, new: Manifest) -> tuple[Change, ...]:
    return compute_diff(build_bundle(old).bundle, build_bundle(new).bundle, BLOBS.__getitem__).changes


CASES: dict[str, tuple[Manifest, str, str]] = {
    "a prompt's text": (
        replace(MANIFEST, prompts={**MANIFEST.prompts, "guide": Prompt(content=describe(CONTENTS[3]))}),
        "/prompts/guide/content",
        "text",
    ),
    "a title": (change_profile(title="案内係"), "/profiles/reader/title", "metadata"),
    "another model": (
        replace(MANIFEST, models={"main": BundleModel(provider="example", model="small-1")}),
        "/models/main/model",
        "model",
    ),
    "the host's model": (
        replace(MANIFEST, models={"main": HostModel(alias="sonnet")}),
        "/models/main",
        "model",
    ),
    "a model with a credential": (
        replace(
            MANIFEST,
            models={"main": BundleModel(provider="example", model="large-1", credential=SecretRef(name="K"))},
        ),
        "/models/main/credential",
        "widening",
    ),
    "a tool taken out": (
        change_profile(tools=ToolList(tools={"mcp:files": Ask(required=True)})),
        "/profiles/reader/tools/tools/file.read",
        "narrowing",
    ),
    "a required tool taken out": (
        change_profile(tools=ToolList(tools={"file.read": Ask()})),
        "/profiles/reader/tools/tools/mcp:files",
        "widening",
    ),
    "all tools": (change_profile(tools=AllTools()), "/profiles/reader/tools", "widening"),
    "one layer less": (change_profile(policies={}), "/profiles/reader/policies/house", "widening"),
    "a mount for reading only": (
        change_asks(mounts={"docs": MountAsk()}),
        "/profiles/reader/asks/mounts/docs",
        "narrowing",
    ),
    "no mount named, which asks for the workspace": (
        change_asks(mounts={}),
        "/profiles/reader/asks/mounts/docs",
        "widening",
    ),
    "a secret given up": (
        change_asks(secrets={"TOKEN": Ask(required=True)}),
        "/profiles/reader/asks/secrets/OTHER",
        "narrowing",
    ),
    "a secret no longer required": (
        change_asks(secrets={"TOKEN": Ask(), "OTHER": Ask()}),
        "/profiles/reader/asks/secrets/TOKEN",
        "widening",
    ),
    "a lower bound": (
        change_asks(limits=WorkerLimits(turns=4)),
        "/profiles/reader/asks/limits/turns",
        "narrowing",
    ),
    "no bound": (change_asks(limits=WorkerLimits()), "/profiles/reader/asks/limits/turns", "widening"),
    "a host withdrawn": (change_grants(network={}), "/grants/network/docs.example.org", "narrowing"),
    "a mount granted for writing": (
        change_grants(mounts={"docs": MountGrant(access="rw")}),
        "/grants/mounts/docs",
        "widening",
    ),
    "every tool of a server": (change_server(exposes=None), "/tools/mcp:files/exposes", "widening"),
    "one tool more of a server": (
        change_server(exposes={"find": MEMBER, "write": MEMBER}),
        "/tools/mcp:files/exposes/write",
        "widening",
    ),
    "another server at the name": (
        change_server(transport=HostServer(name="other")),
        "/tools/mcp:files/transport",
        "widening",
    ),
    "a server kept for one profile": (
        change_server(private_to="reader"),
        "/tools/mcp:files/private_to",
        "narrowing",
    ),
    "a looser default": (
        change_policy(build_policy("ask", "deny", "ask", "allow")),
        "/policies/house/default",
        "widening",
    ),
    "a skill's text": (change_skill(CONTENTS[3]), "/skills/search/files/SKILL.md/content", "text"),
    "a skill's file that can now be run": (
        change_skill(CONTENTS[1], executable=True),
        "/skills/search/files/SKILL.md/executable",
        "widening",
    ),
    "no default profile": (replace(MANIFEST, default_profile=None), "/default_profile", "narrowing"),
    "another workspace": (replace(MANIFEST, workspace="archive"), "/workspace", "widening"),
}


@pytest.mark.req("B-12")
@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_change_has_its_class(name: str) -> None:
    new, pointer, change_class = CASES[name]
    (change,) = list_changes(MANIFEST, new)
    assert (change.pointer, change.change_class) == (pointer, change_class)


RULE_CASES: tuple[tuple[Policy, Policy, str], ...] = (
    (build_policy("deny", "allow"), build_policy("deny"), "narrowing"),
    (build_policy("deny"), build_policy("deny", "allow"), "widening"),
    (build_policy("allow"), build_policy("allow", "deny"), "narrowing"),
    (build_policy("allow", "deny"), build_policy("allow"), "widening"),
    (build_policy("allow"), build_policy("allow", "ask"), "narrowing"),
    (build_policy("deny"), build_policy("deny", "ask"), "widening"),
    (build_policy("deny", "ask"), build_policy("deny"), "narrowing"),
    (build_policy("deny", "ask", "allow"), build_policy("deny", "allow"), "widening"),
    (build_policy("ask", "ask"), build_policy("ask"), "widening"),
)


@pytest.mark.req("B-12", "S-11")
@pytest.mark.parametrize(("old", "new", "change_class"), RULE_CASES)
def test_a_rule_that_comes_or_goes_has_the_direction_of_what_it_decided(
    old: Policy, new: Policy, change_class: str
) -> None:
    (change,) = list_changes(change_policy(old), change_policy(new))
    assert change.change_class == change_class
    assert change.profiles == ("workspace:reader",)


@pytest.mark.req("B-12")
def test_a_text_change_shows_the_lines_that_changed() -> None:
    (change,) = list_changes(MANIFEST, CASES["a prompt's text"][0])
    assert "-# Review" in change.text.splitlines()
    assert "+Cite the shelf." in change.text.splitlines()


@pytest.mark.req("B-12")
def test_an_item_that_no_profile_uses_is_listed_and_concerns_none() -> None:
    prompts = {**MANIFEST.prompts, "unused": Prompt(content=describe(CONTENTS[3]))}
    (change,) = list_changes(MANIFEST, replace(MANIFEST, prompts=prompts))
    assert change.item == "unused"
    assert change.profiles == ()


@pytest.mark.req("B-12")
def test_a_rule_that_is_replaced_shows_both() -> None:
    rule = Rule(effect="deny", tool="web.fetch", where=DomainMatch(argument="url", host="evil.example.net"))
    policy = build_policy("deny", "ask", "allow")
    new = replace(policy, rules={**policy.rules, compute_rule_id(rule): rule})
    changes = list_changes(MANIFEST, change_policy(new))
    assert sorted(change.change_class for change in changes) == ["narrowing", "widening"]
    assert any("evil.example.net" in change.after for change in changes)
