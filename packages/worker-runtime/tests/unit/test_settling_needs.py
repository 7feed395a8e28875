"""Items that fall with what they need, however long the chain (S-02, S-10)."""

from typing import Any

import pytest
from msgspec.structs import replace

from support.runtime.resolution_world import (
    ORIGIN,
    PACKAGE_DIGEST,
    make_facts,
    make_host_policy,
    make_manifest,
    make_profile,
    make_server,
    resolve,
)
from worker_runtime.host.policy import EndpointGrant, SecretGrant
from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.resolve import Resolution
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import (
    AllTools,
    Ask,
    Asks,
    BuiltinTool,
    BundleModel,
    Manifest,
    Member,
    MountAsk,
    PromptUse,
    SecretRef,
    Skill,
    SkillFile,
    ToolList,
    Workflow,
    WorkflowReference,
    WorkflowText,
)

NAMES = ("fast", "slow")
KEYS = {name: f"{name.upper()}_KEY" for name in NAMES}
POLICY = make_host_policy(
    secrets={
        **make_host_policy().secrets,
        **{KEYS[name]: SecretGrant(to=frozenset({f"model:{name}"})) for name in NAMES},
    },
    endpoints={
        **make_host_policy().endpoints,
        **{name: EndpointGrant(provider=name, models=frozenset({"*"})) for name in NAMES},
    },
)
FACTS = make_facts(secrets=(*make_facts().secrets, *KEYS.values()))


def make_world(workflows: dict[str, Workflow], **profile: Any) -> Manifest:
    """Return a manifest with two more models, each with a key and an endpoint of its own, and these workflows."""
    base = make_manifest()
    models = {
        name: BundleModel(provider=name, model="one", credential=SecretRef(name=KEYS[name])) for name in NAMES
    }
    secrets = {**base.grants.secrets, **{key: Member() for key in KEYS.values()}}
    return replace(
        base,
        models={**base.models, **models},
        workflows=workflows,
        grants=replace(base.grants, secrets=secrets),
        profiles={"helper": make_profile(**{"workflows": {name: Ask() for name in workflows}, **profile})},
    )


def make_workflow(**values: Any) -> Workflow:
    content = make_manifest().prompts["brief"].content
    return Workflow(body=WorkflowText(content=content), **values)


def find(resolution: Resolution, kind: str, name: str) -> Decision:
    return next(one for one in resolution.decisions if (one.kind, one.id) == (kind, name))


def rule_of(resolution: Resolution, kind: str, name: str) -> str:
    return find(resolution, kind, name).steps[-1].rule


LACKS_GIT = Asks(host={"git": Ask(required=True)})


def test_a_workflow_falls_whose_secret_went_with_the_model_of_another_fallen_workflow() -> None:
    """The key was there for the model of `broken` alone; who else asks for it must not keep running without it."""
    world = make_world(
        {
            "broken": make_workflow(models=("fast",), asks=LACKS_GIT),
            "dependent": make_workflow(asks=Asks(secrets={KEYS["fast"]: Ask(required=True)})),
        }
    )
    resolution = resolve(world, policy=POLICY, facts=FACTS)
    assert rule_of(resolution, "workflow", "broken") == "needs.ask"
    assert rule_of(resolution, "model", "fast") == "needs.consumer"
    assert rule_of(resolution, "secret", f"{KEYS['fast']}@model:fast") == "needs.consumer"
    assert rule_of(resolution, "workflow", "dependent") == "needs.ask"
    assert resolution.spec.workflows == ()


def test_a_chain_of_workflows_falls_to_its_end() -> None:
    """Two rounds: `second` falls for the key of `first`'s model, and `third` for the key of `second`'s."""
    world = make_world(
        {
            "a-third": make_workflow(asks=Asks(secrets={KEYS["slow"]: Ask(required=True)})),
            "b-second": make_workflow(
                models=("slow",), asks=Asks(secrets={KEYS["fast"]: Ask(required=True)})
            ),
            "c-first": make_workflow(models=("fast",), asks=LACKS_GIT),
            "d-other": make_workflow(),
        }
    )
    resolution = resolve(world, policy=POLICY, facts=FACTS)
    assert [one.id for one in resolution.spec.workflows] == ["d-other"]
    assert resolution.spec.workflow_models == ()
    assert {one.name for one in resolution.spec.secrets}.isdisjoint(KEYS.values())


def test_a_secret_stays_while_one_of_its_users_does() -> None:
    world = make_world(
        {
            "broken": make_workflow(models=("fast",), asks=LACKS_GIT),
            "sound": make_workflow(models=("fast",), asks=Asks(secrets={KEYS["fast"]: Ask(required=True)})),
        }
    )
    resolution = resolve(world, policy=POLICY, facts=FACTS)
    assert [(one.id, one.model) for one in resolution.spec.workflows] == [("sound", "fast")]
    assert KEYS["fast"] in {one.name for one in resolution.spec.secrets}


def test_a_fallen_workflow_is_told_once_what_it_lacks() -> None:
    world = make_world(
        {
            "broken": make_workflow(models=("fast",), asks=LACKS_GIT),
            "dependent": make_workflow(asks=Asks(secrets={KEYS["fast"]: Ask(required=True)})),
        }
    )
    resolution = resolve(world, policy=POLICY, facts=FACTS)
    for name in ("broken", "dependent"):
        withheld = [step for step in find(resolution, "workflow", name).steps if step.verdict == "withholds"]
        assert len(withheld) == 1


def test_a_workflow_is_not_confined_to_a_tool_that_the_worker_does_not_have() -> None:
    """`skill.use` falls where no skill is granted, before workflows are told which of their tools are left."""
    content = make_manifest().prompts["brief"].content
    tidy = make_workflow(tools=ToolList(tools={"skill.use": Ask(), "task.track": Ask()}))
    world = replace(
        make_world({"tidy": tidy}, tools=AllTools()),
        tools={name: BuiltinTool() for name in ("skill.use", "task.track", "workflow.run")},
    )
    resolution = resolve(world, policy=POLICY, facts=FACTS)
    assert rule_of(resolution, "tool", "skill.use") == "needs.skill"
    assert [one.tools for one in resolution.spec.workflows] == [("task.track",)]
    files = {"SKILL.md": SkillFile(content=content)}
    skilled = replace(
        world,
        skills={"sum": Skill(description="Add.", files=files)},
        profiles={"helper": replace(world.profiles["helper"], skills={"sum": Ask()})},
    )
    resolution = resolve(skilled, policy=POLICY, facts=FACTS)
    assert [one.tools for one in resolution.spec.workflows] == [("skill.use", "task.track")]


def test_running_workflows_falls_with_the_last_workflow() -> None:
    world = replace(
        make_world({"broken": make_workflow(asks=LACKS_GIT)}), tools={"workflow.run": BuiltinTool()}
    )
    assert rule_of(resolve(world, policy=POLICY, facts=FACTS), "tool", "workflow.run") == "needs.workflow"


@pytest.mark.parametrize(
    ("asked", "required", "falls"),
    [
        ("docs.example.org", True, False),
        ("other.example.org", True, True),
        ("other.example.org", False, False),
    ],
)
def test_a_workflow_falls_for_a_host_that_it_requires_and_no_granted_pattern_includes(
    asked: str, required: bool, falls: bool
) -> None:
    world = make_world({"tidy": make_workflow(asks=Asks(network={asked: Ask(required=required)}))})
    found = find(resolve(world, policy=POLICY, facts=FACTS), "workflow", "tidy")
    assert [(step.rule, step.pointer) for step in found.steps if step.verdict == "withholds"] == (
        [("needs.ask", f"/network/{asked}")] if falls else []
    )


@pytest.mark.parametrize(
    ("access", "required", "falls"), [("ro", True, False), ("rw", True, True), ("rw", False, False)]
)
def test_a_workflow_falls_for_a_mount_that_it_requires_with_more_access_than_is_granted(
    access: Any, required: bool, falls: bool
) -> None:
    asks = Asks(mounts={"workspace": MountAsk(access=access, required=required)})
    policy = replace(POLICY, mounts={"workspace": "ro"})
    found = find(
        resolve(make_world({"tidy": make_workflow(asks=asks)}), policy=policy, facts=FACTS),
        "workflow",
        "tidy",
    )
    assert [(step.rule, step.pointer) for step in found.steps if step.verdict == "withholds"] == (
        [("needs.ask", "/mount/workspace")] if falls else []
    )


def test_a_workflow_without_its_secret_points_at_the_decision_on_that_secret_and_takes_its_code() -> None:
    """A secret is decided for each of its consumers, so that its name alone is no decision's."""
    world = make_world({"tidy": make_workflow(asks=Asks(secrets={"API_TOKEN": Ask(required=True)}))})
    profile = replace(world.profiles["helper"], workflows={"tidy": Ask(required=True)})
    secrets = {name: grant for name, grant in POLICY.secrets.items() if name != "API_TOKEN"}
    resolution = resolve(
        replace(world, profiles={"helper": profile}), policy=replace(POLICY, secrets=secrets), facts=FACTS
    )
    secret = find(resolution, "secret", f"API_TOKEN@origin:{ORIGIN}")
    assert [(one.id, one.code, one.pointer) for one in resolution.reasons] == [
        ("tidy", "policy.denied", join_pointer("/secret", secret.id))
    ]


def test_a_prompt_with_the_id_of_a_tool_does_not_stand_for_it_in_a_workflow() -> None:
    world = make_world(
        {"tidy": make_workflow(tools=ToolList(tools={"file.read": Ask(), "shell.run": Ask()}))},
        prompts=(PromptUse(prompt="file.read"),),
    )
    world = replace(world, prompts={"file.read": world.prompts["brief"]})
    resolution = resolve(world, policy=replace(POLICY, mounts={}), facts=FACTS)
    assert rule_of(resolution, "tool", "file.read") == "needs.mount"
    assert [one.tools for one in resolution.spec.workflows] == [("shell.run",)]


def test_a_model_without_a_workflow_points_at_the_one_that_named_it() -> None:
    """In both ways: a workflow that fell before models were chosen for workflows, and one that fell after."""
    denied = make_workflow(models=("fast",), features={"workflow.reference": Member()})
    for broken, policy in (
        (make_workflow(models=("fast",), asks=LACKS_GIT), POLICY),
        (
            replace(denied, body=WorkflowReference(url=f"{ORIGIN}/flow", digest=PACKAGE_DIGEST)),
            replace(POLICY, origins=frozenset()),
        ),
    ):
        resolution = resolve(
            make_world({"a-sound": make_workflow(), "broken": broken}), policy=policy, facts=FACTS
        )
        assert find(resolution, "workflow", "broken").outcome == "denied"
        fallen = find(resolution, "model", "fast").steps[-1]
        assert (fallen.rule, fallen.pointer) == ("needs.consumer", "/workflow/broken")


def test_a_workflow_has_each_tool_of_a_server_that_the_worker_has_whole() -> None:
    tools = ToolList(tools={"mcp:issues/list": Ask(), "mcp:calendar/list": Ask()})
    manifest = make_world({"tidy": make_workflow(tools=tools)})
    manifest = replace(
        manifest, tools={**manifest.tools, "mcp:calendar": replace(make_server(), exposes={"add": Member()})}
    )
    resolution = resolve(manifest, policy=POLICY, facts=FACTS)
    assert [one.tools for one in resolution.spec.workflows] == [("mcp:issues/list",)]
