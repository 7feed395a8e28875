"""What holds of verdicts whatever the rules and the call."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from support.bundles.bundle_strategies import CALL_COMMANDS, EVERY_CALL, policies, rules, tool_calls
from yoi_bundle.calls import CompiledPolicy, ToolCall, compute_policy_verdict, compute_verdict, is_stricter
from yoi_bundle.calls.shell_syntax import parse_script
from yoi_bundle.manifest import Policy, Rule, compute_rule_id

pytestmark = pytest.mark.req("S-11")
modest = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _add(policy: Policy, rule: Rule) -> Policy:
    return replace(policy, rules={**policy.rules, compute_rule_id(rule): rule})


@modest
@given(policies(), rules())
def test_adding_a_deny_rule_never_loosens(policy: Policy, rule: Rule) -> None:
    before, after = CompiledPolicy(policy), CompiledPolicy(_add(policy, replace(rule, effect="deny")))
    for call in EVERY_CALL:
        assert not is_stricter(before.compute_verdict(call).effect, after.compute_verdict(call).effect)


@modest
@given(policies(), rules())
def test_adding_an_ask_rule_never_lets_a_call_pass_unasked(policy: Policy, rule: Rule) -> None:
    before, after = CompiledPolicy(policy), CompiledPolicy(_add(policy, replace(rule, effect="ask")))
    for call in EVERY_CALL:
        old, new = before.compute_verdict(call).effect, after.compute_verdict(call).effect
        assert not is_stricter(old, new) or (old, new, policy.default) == ("deny", "ask", "deny")


@modest
@given(policies(), rules())
def test_adding_an_allow_rule_never_tightens(policy: Policy, rule: Rule) -> None:
    before, after = CompiledPolicy(policy), CompiledPolicy(_add(policy, replace(rule, effect="allow")))
    for call in EVERY_CALL:
        assert not is_stricter(after.compute_verdict(call).effect, before.compute_verdict(call).effect)


@modest
@given(policies(), st.randoms(use_true_random=False), tool_calls())
def test_no_order_of_rules_changes_a_verdict(policy: Policy, random: object, call: ToolCall) -> None:
    shuffled = list(policy.rules.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert compute_policy_verdict(replace(policy, rules=dict(shuffled)), call) == compute_policy_verdict(
        policy, call
    )


@modest
@given(st.lists(policies(max_rules=2), min_size=1, max_size=3), tool_calls())
def test_several_layers_are_as_strict_as_the_strictest(layers: list[Policy], call: ToolCall) -> None:
    together = compute_verdict(layers, call)
    votes = [compute_policy_verdict(layer, call) for layer in layers]
    assert together in votes
    assert not any(is_stricter(vote.effect, together.effect) for vote in votes)


_SIMPLE = (
    "git status",
    "git push origin",
    "rm x",
    "ls",
    "npm run test",
    "sudo ls",
    "FOO=1 ls",
    "ls $X",
    "ls > y",
)


@modest
@given(policies(), st.lists(st.sampled_from(_SIMPLE), min_size=1, max_size=4), st.data())
def test_a_compound_command_is_allowed_only_if_each_simple_command_is(
    policy: Policy, parts: list[str], data: st.DataObject
) -> None:
    command = parts[0]
    for part in parts[1:]:
        command += data.draw(st.sampled_from([" && ", " || ", "; ", " | ", " & ", "\n"])) + part
    command = data.draw(st.sampled_from(["{}", "({})", "{{ {}; }}", "ls $({})", "sh -c '{}'"])).format(
        command
    )
    compiled = CompiledPolicy(policy)
    whole = compiled.compute_verdict(ToolCall("shell.run", {"command": command})).effect
    for part in parts:
        single = compiled.compute_verdict(ToolCall("shell.run", {"command": part})).effect
        assert whole != "allow" or single == "allow"


_hostile = st.text(alphabet=st.characters(codec=None), max_size=30) | st.lists(
    st.sampled_from(
        [
            *CALL_COMMANDS,
            "$(",
            "`",
            "<<E\n",
            '"',
            "'",
            "\\",
            "\n",
            "{",
            "((",
            "))",
            "$'",
            "[[",
            ";;",
            "|&",
            "\x00",
            "\ud800",
        ]
    ),
    max_size=6,
).map("".join)


@settings(modest, max_examples=300)
@given(policies(), _hostile, _hostile)
def test_no_argument_makes_a_verdict_fail(policy: Policy, tool: str, text: str) -> None:
    compiled = CompiledPolicy(policy)
    for name in ("shell.run", "file.read", "web.fetch", "mcp:files/find", tool):
        call = ToolCall(name, {"command": text, "path": text, "url": text})
        assert compiled.compute_verdict(call).effect in ("deny", "ask", "allow")


@settings(modest, max_examples=300)
@given(_hostile)
def test_an_unreadable_command_is_never_allowed(text: str) -> None:
    verdict = compute_policy_verdict(Policy(default="allow"), ToolCall("shell.run", {"command": text}))
    assert parse_script(text).readable or verdict.effect == "ask"
