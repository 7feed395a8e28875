"""Items that are decided before facts and needs are known: only those on which neither has a word (S-02, S-06)."""

from typing import Any

import pytest
from msgspec.structs import replace

from support.runtime.resolution_world import (
    ORIGIN,
    PACKAGE_DIGEST,
    PLUGIN,
    make_bundle,
    make_facts,
    make_host_policy,
    make_manifest,
    make_profile,
    make_server,
)
from worker_runtime.host.facts import HostFacts
from worker_runtime.host.policy import HostPolicy, PluginGrant, SecretGrant, ServerGrant
from worker_runtime.resolution.decide import decide
from worker_runtime.resolution.decision import KINDS, Candidate, Decision, Kind
from worker_runtime.resolution.fast_path.precomputed import (
    NETWORK_TOOLS,
    SELF_SUFFICIENT_TOOLS,
    TEXT_TOOLS,
    settle_items,
)
from worker_runtime.resolution.host_plan import HostPlan, prepare_host_plan
from worker_runtime.resolution.payloads import GrantedHost, GrantedMount
from worker_runtime.resolution.plan import prepare_profile
from yoi_bundle.manifest import (
    Argument,
    Ask,
    Asks,
    BuiltinTool,
    HostServer,
    HttpServer,
    HttpTool,
    Manifest,
    McpServer,
    PluginPath,
    SecretRef,
    StdioServer,
    Tool,
    Workflow,
    WorkflowText,
)
from yoi_bundle.manifest.values import LiteralValue
from yoi_bundle.selection import FILE_TOOL_ACCESS
from yoi_bundle.vocabulary import BUILTIN_TOOLS
from yoi_wire.worker_requests import NO_NARROWING, Narrowing

TWO_WAYS = [pytest.param(NO_NARROWING, id="short way"), pytest.param(Narrowing(), id="long way")]


def plan(tools: dict[str, Tool] | None = None, policy: HostPolicy | None = None, **changes: Any) -> HostPlan:
    """Meet host policy with a manifest that has just these tools, and whatever else differs."""
    manifest: Manifest = make_manifest(**({"tools": tools} if tools is not None else {}), **changes)
    return prepare_host_plan(
        prepare_profile(make_bundle(manifest), "workspace:helper"), policy or make_host_policy()
    )


def decide_tool(
    hosted: HostPlan, tool: str, narrowing: Narrowing, facts: HostFacts | None = None
) -> Decision:
    decisions = decide(hosted, facts or make_facts(), narrowing)
    return next(one for one in decisions if (one.kind, one.id) == ("tool", tool))


def last_rule(decision: Decision) -> tuple[str, str]:
    return decision.outcome, decision.steps[-1].rule


def is_settled(hosted: HostPlan, tool: str) -> bool:
    return ("tool", tool) in hosted.settled.decisions


@pytest.mark.req("S-06")
@pytest.mark.parametrize("narrowing", TWO_WAYS)
@pytest.mark.parametrize(
    ("transport", "policy"),
    [
        (HttpServer(url=f"{ORIGIN}/mcp"), make_host_policy(plugins=())),
        (HostServer(name="calendar"), make_host_policy(plugins=(), servers={"calendar": ServerGrant()})),
    ],
)
def test_a_server_of_a_plugin_that_the_host_refuses_is_denied_though_its_place_is_granted(
    narrowing: Narrowing, transport: Any, policy: HostPolicy
) -> None:
    hosted = plan({"mcp:hours": McpServer(transport=transport, plugin=PLUGIN)}, policy)
    assert last_rule(decide_tool(hosted, "mcp:hours", narrowing)) == ("denied", "needs.plugin")
    assert not is_settled(hosted, "mcp:hours")


@pytest.mark.req("S-06")
@pytest.mark.parametrize("narrowing", TWO_WAYS)
def test_a_server_of_a_plugin_whose_package_is_missing_is_denied(narrowing: Narrowing) -> None:
    hosted = plan({"mcp:hours": McpServer(transport=HttpServer(url=f"{ORIGIN}/mcp"), plugin=PLUGIN)})
    decision = decide_tool(hosted, "mcp:hours", narrowing, make_facts(packages={}))
    assert last_rule(decision) == ("denied", "needs.plugin")
    assert decide_tool(hosted, "mcp:hours", narrowing).outcome == "granted"


SECRET_TOOLS: dict[str, tuple[Tool, dict[str, Any]]] = {
    "http:catalogue": (
        HttpTool(url=f"{ORIGIN}/find", headers={"Authorization": SecretRef(name="API_TOKEN")}),
        {},
    ),
    "mcp:web": (
        McpServer(
            transport=HttpServer(url=f"{ORIGIN}/mcp", headers={"Authorization": SecretRef(name="API_TOKEN")})
        ),
        {},
    ),
    "mcp:calendar": (
        McpServer(transport=HostServer(name="calendar")),
        {"servers": {"calendar": ServerGrant(secrets=frozenset({"API_TOKEN"}))}},
    ),
}


@pytest.mark.req("S-04")
@pytest.mark.parametrize("narrowing", TWO_WAYS)
@pytest.mark.parametrize("name", SECRET_TOOLS)
def test_a_tool_whose_secret_is_missing_is_denied(narrowing: Narrowing, name: str) -> None:
    tool, changes = SECRET_TOOLS[name]
    hosted = plan({name: tool}, make_host_policy(**changes))
    without = make_facts(secrets=("MODEL_KEY",))
    assert last_rule(decide_tool(hosted, name, narrowing, without)) == ("denied", "needs.secret")
    assert decide_tool(hosted, name, narrowing).outcome == "granted"
    assert not is_settled(hosted, name)


@pytest.mark.req("S-10")
@pytest.mark.parametrize("narrowing", TWO_WAYS)
def test_a_server_whose_command_is_missing_is_denied(narrowing: Narrowing) -> None:
    plain = McpServer(
        transport=StdioServer(command="issue-server", args=(Argument(value=LiteralValue(value="--stdio")),))
    )
    hosted = plan({"mcp:issues": plain})
    decision = decide_tool(hosted, "mcp:issues", narrowing, make_facts(commands=()))
    assert last_rule(decision) == ("denied", "host_facts.no_command")
    assert decide_tool(hosted, "mcp:issues", narrowing).outcome == "granted"
    assert not is_settled(hosted, "mcp:issues")


@pytest.mark.req("S-06")
@pytest.mark.parametrize("narrowing", TWO_WAYS)
def test_a_server_inside_a_package_that_lacks_the_file_is_denied(narrowing: Narrowing) -> None:
    server = McpServer(
        transport=StdioServer(command=PluginPath(base="root", path="bin/hours")), plugin=PLUGIN
    )
    hosted = plan({"mcp:hours": server})
    (fact,) = make_facts().packages.values()
    bare = make_facts(packages={PACKAGE_DIGEST: replace(fact, files=("plugin.json",))})
    assert last_rule(decide_tool(hosted, "mcp:hours", narrowing, bare)) == (
        "denied",
        "host_facts.no_command",
    )
    assert decide_tool(hosted, "mcp:hours", narrowing).outcome == "granted"


WITHOUT: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "shell.run": ({"host": frozenset()}, {}, "needs.host"),
    "file.read": ({"mounts": {}}, {}, "needs.mount"),
    "file.search": ({}, {"mounts": {}}, "needs.mount"),
    "file.edit": ({"mounts": {"workspace": "ro"}}, {}, "needs.mount"),
    "notebook.edit": ({}, {"mounts": {"workspace": "ro"}}, "needs.mount"),
    "web.fetch": ({"network": frozenset()}, {}, "needs.network"),
    "skill.use": ({}, {}, "needs.skill"),
    "workflow.run": ({}, {}, "needs.workflow"),
}
"""Built-in tool → host policy and facts without what it needs, and the rule by which it falls."""


@pytest.mark.req("S-02", "S-10")
@pytest.mark.parametrize("narrowing", TWO_WAYS)
@pytest.mark.parametrize("name", WITHOUT)
def test_a_built_in_tool_falls_with_what_it_needs(narrowing: Narrowing, name: str) -> None:
    policy, facts, rule = WITHOUT[name]
    hosted = plan({name: BuiltinTool()}, make_host_policy(**policy))
    assert last_rule(decide_tool(hosted, name, narrowing, make_facts(**facts))) == ("denied", rule)
    assert not is_settled(hosted, name)


def test_every_built_in_tool_is_either_self_sufficient_or_known_to_need_something() -> None:
    """A new tool of the vocabulary is pending until someone lists it; then it has to be shown here what it needs."""
    assert BUILTIN_TOOLS.keys() - WITHOUT.keys() == SELF_SUFFICIENT_TOOLS
    needy = {name for name, entry in BUILTIN_TOOLS.items() if entry.needs}
    needy |= {*NETWORK_TOOLS, *TEXT_TOOLS, *FILE_TOOL_ACCESS}
    assert SELF_SUFFICIENT_TOOLS.isdisjoint(needy)


def test_tools_that_need_nothing_are_settled_so_that_the_short_way_is_short() -> None:
    tools: dict[str, Tool] = {
        **{name: BuiltinTool() for name in sorted(SELF_SUFFICIENT_TOOLS)},
        "http:open": HttpTool(url=f"{ORIGIN}/open"),
        "mcp:open": McpServer(transport=HttpServer(url=f"{ORIGIN}/mcp")),
        "mcp:calendar": McpServer(transport=HostServer(name="calendar")),
    }
    hosted = plan(tools, make_host_policy(servers={"calendar": ServerGrant()}))
    assert all(is_settled(hosted, name) for name in tools)
    kinds = {kind for kind, _ in hosted.settled.decisions}
    assert kinds == {"prompt", "policy", "tool", "limit"}


def test_no_other_kind_of_item_is_settled() -> None:
    content = make_manifest().prompts["brief"].content
    hosted = plan(
        {"mcp:issues": make_server(), "file.read": BuiltinTool()},
        make_host_policy(secrets={"API_TOKEN": SecretGrant(to=frozenset())}),
        workflows={"tidy": Workflow(body=WorkflowText(content=content))},
        profiles={
            "helper": make_profile(workflows={"tidy": Ask()}, asks=Asks(network={"docs.example.org": Ask()}))
        },
    )
    pending = {item.kind for item in hosted.settled.pending}
    assert pending == {
        "model", "tool", "workflow", "plugin", "surface", "permission", "secret", "mount", "network",
    }  # fmt: skip
    assert pending.isdisjoint(kind for kind, _ in hosted.settled.decisions)


def test_an_item_that_consumes_a_secret_is_pending_whatever_its_kind() -> None:
    prompt = Candidate("prompt", "brief", None)
    assert settle_items((prompt,), {}).pending == ()
    assert settle_items((prompt,), {prompt.key: ("KEY@x",)}).pending == (prompt,)


def test_an_item_of_a_kind_that_is_not_listed_is_pending() -> None:
    items = (
        Candidate("host", "shell", GrantedHost(capability="shell")),
        Candidate("mount", "workspace", GrantedMount(name="workspace", access="ro")),
    )
    assert settle_items(items, {}).pending == items


def test_a_grant_of_the_plugin_is_what_makes_the_difference() -> None:
    """The positive twin: with the grant the same server passes on both ways."""
    server = McpServer(transport=HttpServer(url=f"{ORIGIN}/mcp"), plugin=PLUGIN)
    grant = PluginGrant(id=PLUGIN, version="1.0.0", digest=PACKAGE_DIGEST)
    hosted = plan({"mcp:hours": server}, make_host_policy(plugins=(grant,)))
    for narrowing in (NO_NARROWING, Narrowing()):
        assert decide_tool(hosted, "mcp:hours", narrowing).outcome == "granted"


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_without_a_payload_is_decided_early_only_where_facts_and_needs_have_no_word_on_its_kind(
    kind: Kind,
) -> None:
    item = Candidate(kind, "x", None)
    early = kind in {"profile", "prompt", "policy", "skill", "limit"}
    assert settle_items((item,), {}).pending == (() if early else (item,))
    assert settle_items((item,), {item.key: ("TOKEN",)}).pending == (item,)
