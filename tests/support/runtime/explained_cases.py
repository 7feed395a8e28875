"""Cases of resolution whose explanations are kept as golden files: what each layer says of each kind of item.

To write them anew after a change that was meant: `python -m support.runtime.explained_cases DIRECTORY` with `tests` on the path;
then read the difference.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from support.runtime.resolution_world import (
    ORIGIN,
    PLUGIN,
    make_facts,
    make_host_policy,
    make_manifest,
    make_policy,
    make_profile,
    make_server,
    require_all,
    resolve,
)
from worker_runtime.host.facts import NO_FACTS, PackageFact
from worker_runtime.host.policy import NO_POLICY, EndpointGrant, HostModelGrant, HostPolicy, ServerGrant
from worker_runtime.resolution.resolve import Resolution
from worker_runtime.resolution.rules import RULES
from yoi_bundle.manifest import (
    Ask,
    Asks,
    BuiltinTool,
    HostModel,
    HostParameter,
    HostServer,
    HttpServer,
    Manifest,
    McpServer,
    Member,
    MountAsk,
    MountGrant,
    PluginPath,
    Rule,
    Skill,
    SkillFile,
    StdioServer,
    Surface,
    ToolList,
    WorkerLimits,
    Workflow,
    WorkflowReference,
    WorkflowText,
)
from yoi_bundle.vocabulary import BUILTIN_TOOLS
from yoi_wire.worker_requests import NO_INTENT, Intent, Narrowing

LIMITS = WorkerLimits(turns=30, tokens=3000, seconds=300)
LOWER = WorkerLimits(turns=20, tokens=2000, seconds=200)


def make_rich() -> Manifest:
    """Return a manifest with several of each kind, so that every planner and layer has something to say."""
    base = make_manifest()
    content = base.prompts["brief"].content
    plugin = base.plugins[PLUGIN]
    surfaces = {**plugin.surfaces, "watch": Surface(type="service", entry="bin/hours")}
    asks = Asks(
        mounts={
            "workspace": MountAsk(access="rw"),
            "docs": MountAsk(access="rw"),
            "none": MountAsk(access="ro"),
        },
        network={"docs.example.org": Ask(), "*.example.com": Ask(), "evil.example.net": Ask()},
        host={"git": Ask()},
        secrets={"UNUSED": Ask(), "MODEL_KEY": Ask()},
        plugin_permissions={PLUGIN: {"clock": Ask(), "radio": Ask()}},
        limits=LIMITS,
    )
    needy = Asks(
        secrets={"MODEL_KEY": Ask(required=True)}, mounts={"workspace": MountAsk(access="ro", required=True)}
    )
    return replace(
        base,
        models={**base.models, "spare": HostModel(alias="spare"), "gone": HostModel(alias="gone")},
        tools={
            **{name: BuiltinTool() for name in BUILTIN_TOOLS},
            **base.tools,
            "mcp:web": McpServer(
                transport=HttpServer(url=f"{ORIGIN}/mcp", headers={"X-Site": HostParameter(name="site")}),
                exposes={"find": Member(), "list": Member()},
            ),
            "mcp:calendar": McpServer(transport=HostServer(name="calendar")),
            "mcp:hours": McpServer(
                transport=StdioServer(command=PluginPath(base="root", path="bin/hours")), plugin=PLUGIN
            ),
            "mcp:other": make_server(command="other-server"),
            "mcp:none": replace(make_server(), exposes={}),
        },
        skills={"sum": Skill(description="Add.", files={"SKILL.md": SkillFile(content=content)})},
        workflows={
            "tidy": Workflow(body=WorkflowText(content=content), models=("gone", "spare"), asks=needy),
            "far": Workflow(
                body=WorkflowReference(url=f"{ORIGIN}/flow", digest=content.digest),
                tools=ToolList(tools={"mcp:web/find": Ask(), "file.read": Ask()}),
                policies={"house": Member()},
                features={"workflow.reference": Member()},
            ),
            "git": Workflow(body=WorkflowText(content=content), asks=Asks(host={"git": Ask(required=True)})),
        },
        plugins={PLUGIN: replace(plugin, surfaces=surfaces, features={"plugin.service": Member()})},
        policies={
            "house": make_policy(
                Rule(effect="deny", tool="agent.spawn"),
                Rule(effect="deny", tool="mcp:web/list"),
                default="allow",
            )
        },
        grants=replace(
            base.grants,
            mounts={"workspace": MountGrant(access="rw"), "docs": MountGrant(access="ro")},
            network={"docs.example.org": Member(), "a.example.com": Member()},
            limits=replace(LIMITS, turns=25),
        ),
        profiles={
            "helper": make_profile(
                models=("large", "spare"),
                skills={"sum": Ask()},
                workflows={"tidy": Ask(), "far": Ask(), "git": Ask()},
                asks=asks,
            )
        },
    )


def make_rich_policy(**changes: Any) -> HostPolicy:
    base = make_host_policy()
    values: dict[str, Any] = {
        "models": {"spare": HostModelGrant(provider="example", model="small-1", credential="SPARE_KEY")},
        "servers": {"calendar": ServerGrant(secrets=frozenset({"CALENDAR_KEY"}))},
        "parameters": frozenset({"site"}),
        "network": frozenset({"docs.example.org", "*.example.com"}),
        "mounts": {"workspace": "rw", "docs": "ro"},
        "host": frozenset({"shell", "git"}),
        "limits": replace(LIMITS, tokens=2500),
        "endpoints": {
            **base.endpoints,
            "own": EndpointGrant(provider="example", models=frozenset({"large-1"}), credential="OWN_KEY"),
        },
    }
    return make_host_policy(**{**values, **changes})


RICH_FACTS = make_facts(
    secrets=("API_TOKEN", "CALENDAR_KEY", "ISSUE_TOKEN", "MODEL_KEY", "OWN_KEY", "SPARE_KEY"),
    mounts={"workspace": "rw", "docs": "ro"},
    commands=("issue-server", "other-server"),
    host=("git", "shell"),
)
NARROW = Narrowing(
    tools=frozenset({"file.*", "mcp:web/find", "mcp:calendar", "agent.spawn", "skill.use"}),
    mounts={"workspace": "ro"},
    network=frozenset({"a.example.com"}),
    secrets=frozenset({"MODEL_KEY"}),
    host=frozenset({"git"}),
    skills=frozenset({"sum"}),
    limits=LOWER,
    policy=make_policy(Rule(effect="deny", tool="file.edit"), default="allow"),
)
NOTHING = Narrowing(
    tools=frozenset(),
    mounts={},
    network=frozenset(),
    secrets=frozenset(),
    host=frozenset(),
    skills=frozenset(),
    policy=make_policy(),
)
_TOOL_RULES = make_policy(
    Rule(effect="deny", tool="http:*"),
    Rule(effect="allow", tool="file.*"),
    Rule(effect="allow", tool="mcp:web/find"),
)
_WRONG = {PACKAGE: PackageFact(state="digest_mismatch") for PACKAGE in make_facts().packages}
_BARE = {
    PACKAGE: PackageFact(state="verified", name="hours", version="1.0.0") for PACKAGE in make_facts().packages
}

CASES: dict[str, dict[str, Any]] = {
    "all granted": {},
    "no policy": {"policy": NO_POLICY},
    "no facts": {"facts": NO_FACTS},
    "narrow intent": {"intent": Intent(narrowing=NARROW)},
    "empty intent": {"intent": Intent(narrowing=NOTHING)},
    "tool policy": {"policy": make_rich_policy(tools=_TOOL_RULES)},
    "other package": {"facts": replace(RICH_FACTS, packages=_WRONG)},
    "bare package": {"facts": replace(RICH_FACTS, packages=_BARE)},
    "read only": {
        "policy": make_rich_policy(mounts={"workspace": "ro"}, parameters=frozenset(), secrets={}),
        "facts": replace(RICH_FACTS, mounts={"workspace": "ro"}),
    },
    "plain": {"manifest": make_manifest(), "policy": make_host_policy(), "facts": make_facts()},
    "plain required": {"manifest": require_all(make_manifest()), "policy": NO_POLICY, "facts": NO_FACTS},
}
"""Name → what differs from a host that grants the rich manifest whole."""


def explain_case(name: str) -> str:
    """Return a line a decision: kind, id, outcome, each layer's word with place and rule, and what is got."""
    values = {
        "manifest": make_rich(),
        "policy": make_rich_policy(),
        "facts": RICH_FACTS,
        "intent": NO_INTENT,
        **CASES[name],
    }
    resolution: Resolution = resolve(values.pop("manifest"), **values)
    lines = []
    for one in resolution.decisions:
        lines.append(f"{one.kind} {one.id}: {one.outcome}{' (required)' if one.required else ''}")
        lines += [
            f"    {step.layer} {step.verdict} {step.pointer} {step.rule} {RULES[step.rule].code}".rstrip()
            for step in one.steps
        ]
        if one.effective is not None:
            lines.append(f"    = {msgspec.json.encode(one.effective, order='sorted').decode()}")
    lines += [f"refused: {msgspec.json.encode(one, order='sorted').decode()}" for one in resolution.reasons]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for case in CASES:
        (Path(sys.argv[1]) / f"{case.replace(' ', '-')}.txt").write_text(explain_case(case))
