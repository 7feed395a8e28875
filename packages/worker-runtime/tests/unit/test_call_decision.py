"""The decision point: the strictest layer's word on one call, with its rule."""

import pytest

from worker_runtime.resolution.call_decision import decide_call
from worker_runtime.resolution.payloads import GrantedPolicy, GrantedTool
from worker_runtime.resolution.spec import ResolvedWorkerSpec, SpecFrame
from yoi_bundle.calls import ToolCall
from yoi_bundle.manifest import BuiltinTool, Effect, Policy, compute_rule_id
from yoi_bundle.rule_text import parse_rule

pytestmark = pytest.mark.req("S-11")


def make_policy(default: Effect, *rules: str) -> Policy:
    return Policy(default=default, rules={compute_rule_id(rule): rule for rule in map(parse_rule, rules)})


FRAME = SpecFrame(
    selector="x",
    profile="workspace:x",
    source="bundle",
    digest="sha256:" + "0" * 64,
    workspace="w",
    resolver_version="1",
)
SPEC = ResolvedWorkerSpec(
    frame=FRAME,
    tools=(
        GrantedTool(id="shell.run", declaration=BuiltinTool()),
        GrantedTool(id="mcp:db", declaration=BuiltinTool(), exposes=("query",)),
    ),
    policies=(
        GrantedPolicy(
            id="a/b", layer="bundle", policy=make_policy("allow", "ask shell.run(command prefix: git)")
        ),
        GrantedPolicy(
            id="host:policy",
            layer="host_policy",
            policy=make_policy("allow", "deny shell.run(command prefix: rm)"),
        ),
    ),
)


def run(command: str) -> ToolCall:
    return ToolCall("shell.run", {"command": command})


def test_the_strictest_layer_decides_and_its_rule_is_named() -> None:
    asked = decide_call(SPEC, run("git push"))
    assert (asked.verdict, asked.layer, asked.cause) == ("ask", "bundle", "rule")
    assert asked.words == "ask shell.run(command prefix: git)"
    assert asked.pointer == f"/policies/a~1b/rules/{asked.rule}"
    denied = decide_call(SPEC, run("git log; rm x"))
    assert (denied.verdict, denied.layer) == ("deny", "host_policy")
    assert denied.pointer == f"/tools/rules/{denied.rule}"


def test_a_call_of_a_tool_that_is_not_granted_is_denied() -> None:
    for tool in ("file.read", "mcp:db/drop", "mcp:dbx/query"):
        decision = decide_call(SPEC, ToolCall(tool))
        assert (decision.verdict, decision.layer, decision.cause) == ("deny", "spec", "not_granted")
    assert decide_call(SPEC, ToolCall("mcp:db/query")).verdict == "allow"


def test_default_and_unreadable_commands_are_said_to_be_the_cause() -> None:
    assert decide_call(SPEC, run("ls")).cause == "default"
    unreadable = decide_call(SPEC, run("ls 'x"))
    assert (unreadable.verdict, unreadable.cause) == ("ask", "unreadable")


def test_todays_host_policy_has_a_vote_beside_the_pinned_one() -> None:
    today = make_policy("allow", "deny shell.run")
    decision = decide_call(SPEC, run("ls"), host_policy_today=today)
    assert (decision.verdict, decision.layer, decision.words) == (
        "deny",
        "host_policy_today",
        "deny shell.run",
    )
    assert decide_call(SPEC, run("git x"), host_policy_today=make_policy("allow")).verdict == "ask"


def test_without_any_layer_nothing_passes() -> None:
    alone = ResolvedWorkerSpec(frame=FRAME, tools=SPEC.tools)
    assert decide_call(alone, run("ls")).verdict == "deny"
