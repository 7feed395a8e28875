"""The layer of intent: silence keeps everything, an empty set nothing, and nobody gets back what is withheld (S-02)."""

from typing import Any

import pytest

from support.runtime.resolution_world import PLUGIN, make_policy
from worker_runtime.resolution.decision import Candidate, Kind, Step
from worker_runtime.resolution.layers.intent import apply_intent, index_intent, plan_intent_policy
from worker_runtime.resolution.payloads import (
    Granted,
    GrantedHost,
    GrantedLimit,
    GrantedMount,
    GrantedNetwork,
    GrantedSecret,
    GrantedSkill,
    GrantedSurface,
    GrantedTool,
)
from yoi_bundle.manifest import BuiltinTool, HostServer, McpServer, Rule, Surface, WorkerLimits
from yoi_wire.worker_requests import NO_NARROWING, Narrowing

SERVER = McpServer(transport=HostServer(name="calendar"))
TOOL = GrantedTool(id="mcp:calendar", declaration=SERVER)
HALF = GrantedTool(id="mcp:calendar", declaration=SERVER, exposes=("add", "list"))
READ = GrantedTool(id="file.read", declaration=BuiltinTool())
SURFACE = GrantedSurface(plugin=PLUGIN, name="hours", surface=Surface(type="tool", entry="bin/hours"))
SERVICE = GrantedSurface(plugin=PLUGIN, name="hours", surface=Surface(type="service", entry="bin/hours"))
MOUNT = GrantedMount(name="a/b", access="rw")
NETWORK = GrantedNetwork(asked="*.org", hosts=("*.org",))
SECRET = GrantedSecret(name="TOKEN", consumer="model:main")
HOST = GrantedHost(capability="git")
SKILL = GrantedSkill(id="sum", files={})
TURNS = GrantedLimit(name="turns", value=30)

ITEMS: dict[Kind, tuple[str, Granted]] = {
    "tool": ("mcp:calendar", TOOL),
    "surface": (f"{PLUGIN}/hours", SURFACE),
    "mount": ("a/b", MOUNT),
    "network": ("*.org", NETWORK),
    "secret": ("TOKEN@model:main", SECRET),
    "host": ("git", HOST),
    "skill": ("sum", SKILL),
}
FIELDS = {kind: f"{kind}s" for kind in ITEMS} | {"surface": "tools", "network": "network", "host": "host"}


def make_item(payload: Granted, **changes: Any) -> Candidate:
    kind, name = next((kind, name) for kind, (name, one) in ITEMS.items() if type(one) is type(payload))
    return Candidate(kind, name, payload, **changes)


def apply(item: Candidate, narrowing: Narrowing) -> Candidate:
    return apply_intent(item, narrowing, index_intent(narrowing))


def get_word(item: Candidate) -> Step:
    (step,) = item.steps
    assert step.layer == "intent"
    return step


@pytest.mark.req("S-02")
@pytest.mark.parametrize("kind", ITEMS)
def test_an_intent_that_is_silent_on_a_kind_leaves_it_as_it_is(kind: Kind) -> None:
    name, payload = ITEMS[kind]
    item = Candidate(kind, name, payload)
    assert apply(item, NO_NARROWING) == item


@pytest.mark.req("S-02")
@pytest.mark.parametrize("kind", ITEMS)
def test_an_empty_set_keeps_nothing_of_its_kind_and_says_where(kind: Kind) -> None:
    name, payload = ITEMS[kind]
    field = FIELDS[kind]
    empty: Any = {} if field == "mounts" else frozenset()
    after = apply(Candidate(kind, name, payload), Narrowing(**{field: empty}))
    assert get_word(after) == Step("intent", "withholds", f"/narrowing/{field}", "intent.drops")
    assert not after.is_open


@pytest.mark.req("S-02")
@pytest.mark.parametrize(
    ("payload", "narrowing", "field"),
    [
        (TOOL, Narrowing(tools=frozenset({"mcp:*"})), "tools"),
        (SURFACE, Narrowing(tools=frozenset({f"plugin:{PLUGIN}/hours"})), "tools"),
        (MOUNT, Narrowing(mounts={"a/b": "rw"}), "mounts"),
        (GrantedMount(name="a/b", access="ro"), Narrowing(mounts={"a/b": "ro"}), "mounts"),
        (GrantedMount(name="a/b", access="ro"), Narrowing(mounts={"a/b": "rw"}), "mounts"),
        (NETWORK, Narrowing(network=frozenset({"*.org"})), "network"),
        (SECRET, Narrowing(secrets=frozenset({"TOKEN"})), "secrets"),
        (HOST, Narrowing(host=frozenset({"git"})), "host"),
        (SKILL, Narrowing(skills=frozenset({"sum"})), "skills"),
    ],
)
def test_what_the_intent_names_is_kept_unchanged(payload: Granted, narrowing: Narrowing, field: str) -> None:
    after = apply(make_item(payload), narrowing)
    assert get_word(after) == Step("intent", "gives", f"/narrowing/{field}", "intent.keeps")
    assert after.payload == payload


@pytest.mark.req("S-02")
@pytest.mark.parametrize(
    ("payload", "narrowing"),
    [
        (TOOL, Narrowing(tools=frozenset({"mcp:other", "file.*"}))),
        (MOUNT, Narrowing(mounts={"b": "rw"})),
        (NETWORK, Narrowing(network=frozenset({"a.net"}))),
        (SECRET, Narrowing(secrets=frozenset({"OTHER"}))),
        (HOST, Narrowing(host=frozenset({"shell"}))),
        (SKILL, Narrowing(skills=frozenset({"other"}))),
    ],
)
def test_what_the_intent_does_not_name_is_dropped(payload: Granted, narrowing: Narrowing) -> None:
    assert get_word(apply(make_item(payload), narrowing)).rule == "intent.drops"


@pytest.mark.req("S-02")
def test_a_mount_kept_with_less_access_is_narrowed_at_its_own_place() -> None:
    after = apply(make_item(MOUNT), Narrowing(mounts={"a/b": "ro"}))
    assert get_word(after) == Step("intent", "narrows", "/narrowing/mounts/a~1b", "intent.lower_access")
    assert after.payload == GrantedMount(name="a/b", access="ro")


@pytest.mark.req("S-02")
def test_a_network_kept_in_part_has_what_both_sides_match() -> None:
    after = apply(make_item(NETWORK), Narrowing(network=frozenset({"a.org", "a.net"})))
    assert get_word(after) == Step("intent", "narrows", "/narrowing/network", "intent.narrower")
    assert after.payload == GrantedNetwork(asked="*.org", hosts=("a.org",))


@pytest.mark.req("S-02")
@pytest.mark.parametrize(
    ("tool", "kept", "rule", "exposes"),
    [
        pytest.param(TOOL, {"list", "add"}, "intent.narrower", ("add", "list"), id="all to two"),
        pytest.param(HALF, {"list", "drop"}, "intent.narrower", ("list",), id="two to one"),
        pytest.param(HALF, {"list", "add"}, "intent.keeps", ("add", "list"), id="both of two"),
        pytest.param(HALF, {"drop"}, "intent.drops", ("add", "list"), id="none of two"),
    ],
)
def test_a_server_of_which_the_intent_names_tools_keeps_those_that_it_had(
    tool: GrantedTool, kept: set[str], rule: str, exposes: tuple[str, ...]
) -> None:
    narrowing = Narrowing(tools=frozenset(f"mcp:calendar/{name}" for name in kept))
    after = apply(make_item(tool), narrowing)
    assert (get_word(after).rule, get_word(after).pointer) == (rule, "/narrowing/tools")
    assert isinstance(after.payload, GrantedTool)
    assert after.payload.exposes == exposes


@pytest.mark.req("S-02")
def test_a_server_that_loses_a_tool_without_which_it_counts_as_missing_is_dropped() -> None:
    narrowing = Narrowing(tools=frozenset({"mcp:calendar/list"}))
    needy = make_item(TOOL, parts=frozenset({"add"}))
    content = make_item(TOOL, parts=frozenset({"list"}))
    assert get_word(apply(needy, narrowing)).rule == "intent.drops"
    assert get_word(apply(content, narrowing)).rule == "intent.narrower"


@pytest.mark.req("S-02")
def test_a_surface_that_is_no_tool_is_not_for_patterns_of_tools() -> None:
    item = make_item(SERVICE)
    assert apply(item, Narrowing(tools=frozenset(), policy=make_policy())) == item


@pytest.mark.req("S-11")
@pytest.mark.parametrize("payload", [TOOL, SURFACE])
def test_a_tool_of_which_the_intents_policy_denies_every_call_is_withheld_by_its_default(
    payload: Granted,
) -> None:
    after = apply(make_item(payload), Narrowing(policy=make_policy()))
    assert get_word(after) == Step("intent", "withholds", "/narrowing/policy/default", "intent.policy_denies")


@pytest.mark.req("S-11")
def test_a_tool_of_which_the_intents_policy_lets_calls_pass_gets_no_word() -> None:
    item = Candidate("tool", "file.read", READ)
    assert apply(item, Narrowing(policy=make_policy(Rule(effect="allow", tool="file.*")))) == item


@pytest.mark.req("S-02")
@pytest.mark.parametrize(
    ("held", "bound", "left", "verdict"),
    [(30, 20, 20, "narrows"), (30, 30, 30, "gives"), (30, 40, 30, "gives"), (None, 20, 20, "gives")],
)
def test_the_least_bound_holds(held: int | None, bound: int, left: int, verdict: str) -> None:
    item = Candidate("limit", "turns", GrantedLimit(name="turns", value=held))
    after = apply(item, Narrowing(limits=WorkerLimits(turns=bound)))
    assert after.payload == GrantedLimit(name="turns", value=left)
    assert (get_word(after).verdict, get_word(after).pointer) == (verdict, "/narrowing/limits/turns")


@pytest.mark.req("S-02")
def test_an_intent_without_a_bound_leaves_the_limit_as_it_is() -> None:
    item = Candidate("limit", "turns", TURNS)
    assert apply(item, Narrowing(limits=WorkerLimits(tokens=1))) == item


@pytest.mark.req("S-02")
@pytest.mark.parametrize("payload", [TOOL, SURFACE, MOUNT, NETWORK, SECRET, HOST, SKILL])
def test_what_another_layer_withheld_stays_withheld_though_the_intent_keeps_it(payload: Granted) -> None:
    narrowing = Narrowing(
        tools=frozenset({"*"}),
        mounts={"a/b": "rw"},
        network=frozenset({"*.org"}),
        secrets=frozenset({"TOKEN"}),
        host=frozenset({"git"}),
        skills=frozenset({"sum"}),
    )
    assert not apply(make_item(payload, withheld=True), narrowing).is_open


def test_the_intents_policy_is_an_item_that_no_worker_goes_without() -> None:
    policy = make_policy(Rule(effect="deny", tool="file.edit"))
    (item,) = plan_intent_policy(Narrowing(policy=policy))
    assert (item.kind, item.id, item.required) == ("policy", "intent:policy", True)
    assert get_word(item) == Step("intent", "gives", "/narrowing/policy", "intent.votes")
    assert plan_intent_policy(NO_NARROWING) == []
