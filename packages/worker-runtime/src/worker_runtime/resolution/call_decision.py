"""Decision point: the verdict on one call of a Worker, with the layer and the rule that decided (X-02, S-11).

Pure. Whoever judges a call asks this function: the gateway, hooks of delivered configuration, REST, `yoi explain`.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from worker_runtime.resolution.decision import Decision, Layer, Step
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.payloads import GrantedPolicy, GrantedTool
from worker_runtime.resolution.rules import RULE_SENTENCES
from worker_runtime.resolution.spec import ResolvedWorkerSpec, assemble_spec
from yoi_bundle.calls.call import ToolCall, is_stricter
from yoi_bundle.calls.policy import compute_policy_verdict
from yoi_bundle.calls.tools import matches_tool_call
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Effect, Policy
from yoi_bundle.rule_text import format_rule

DecidingLayer: TypeAlias = Literal["spec", "host_policy_today"] | Layer
Cause: TypeAlias = Literal["rule", "default", "unreadable", "not_granted", "no_layer"]


class CallDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of a call.

    Attributes:
        layer: Whose word it is; `spec` when the Worker has no such tool and no layer withheld it, or nobody has a vote.
        cause: A rule, the layer's default, or a command that cannot be read with certainty.
        policy: Id of the layer.
        pointer: Place of the rule or of the default in the layer's own document.
        rule: Id of the rule.
        words: The rule as it would be written, or the reason where there is none.
        withheld_by: Of a tool that a layer took away: the id in `resolution.rules`.
    """

    verdict: Effect
    layer: DecidingLayer
    cause: Cause
    words: str
    policy: str = ""
    pointer: str = ""
    rule: str = ""
    withheld_by: str = ""


def decide_call(
    spec: ResolvedWorkerSpec, call: ToolCall, *, host_policy_today: Policy | None = None
) -> CallDecision:
    """Judge a call: the strictest vote of the spec's layers, and of today's host policy beside them (W-06).

    Args:
        spec: The Worker's pinned spec.
        call: Tool and parsed arguments.
        host_policy_today: The host's layer as it is now, where it may differ from the one in the spec.
    """
    if not any(_has_tool(tool, call.tool) for tool in spec.tools):
        return CallDecision(
            verdict="deny",
            layer="spec",
            cause="not_granted",
            words=f"the Worker has no tool {call.tool}",
            pointer="/tools",
        )
    decisions = [_decide_layer(layer, call) for layer in spec.policies]
    if host_policy_today is not None:
        today = GrantedPolicy(id="host:policy", layer="host_policy", policy=host_policy_today)
        decisions.append(_decide_layer(today, call, layer="host_policy_today"))
    if not decisions:
        # The host always has a vote; without it nothing passes.
        return CallDecision(verdict="deny", layer="spec", cause="no_layer", words="no layer has a vote")
    strictest = decisions[0]
    for decision in decisions[1:]:
        if is_stricter(decision.verdict, strictest.verdict):
            strictest = decision
    return strictest


def decide_explained_call(explanation: Explanation, call: ToolCall) -> CallDecision:
    """Judge a call of the Worker that an explanation is about, refused or not; a tool that it lacks, by who withheld it."""
    decision = decide_call(assemble_spec(explanation.decisions, explanation.frame), call)
    if decision.cause != "not_granted":
        return decision
    cause = _find_cause(explanation.decisions, call.tool)
    if cause is None:
        return decision
    words = f"{decision.words}: {RULE_SENTENCES.get(cause.rule, cause.rule)}"
    return replace(decision, layer=cause.layer, pointer=cause.pointer, words=words, withheld_by=cause.rule)


def _find_cause(decisions: Sequence[Decision], tool: str) -> Step | None:
    """Return the last word that took away a tool, or the server that it is of."""
    words = [
        step
        for decision in decisions
        if decision.kind == "tool" and (decision.id == tool or matches_tool_call(f"{decision.id}/*", tool))
        for step in decision.steps
        if step.verdict != "gives"
    ]
    return words[-1] if words else None


def _has_tool(granted: GrantedTool, tool: str) -> bool:
    if granted.id == tool:
        return True
    if not matches_tool_call(f"{granted.id}/*", tool):
        return False
    return granted.exposes is None or tool.rpartition("/")[2] in granted.exposes


def _decide_layer(
    granted: GrantedPolicy, call: ToolCall, *, layer: DecidingLayer | None = None
) -> CallDecision:
    verdict = compute_policy_verdict(granted.policy, call)
    document = {
        "bundle": join_pointer("/policies", granted.id),
        "host_policy": "/tools",
        "intent": "/narrowing/policy",
    }[granted.layer]
    if verdict.rule_id is not None:
        cause: Cause = "rule"
        words = format_rule(granted.policy.rules[verdict.rule_id])
        pointer = join_pointer(f"{document}/rules", verdict.rule_id)
    elif verdict.effect == granted.policy.default:
        cause, words, pointer = (
            "default",
            f"no rule matches, and the default is {verdict.effect}",
            f"{document}/default",
        )
    else:
        cause, words, pointer = "unreadable", "the command cannot be read with certainty", f"{document}/rules"
    return CallDecision(
        verdict=verdict.effect,
        layer=layer or granted.layer,
        cause=cause,
        words=words,
        policy=granted.id,
        pointer=pointer,
        rule=verdict.rule_id or "",
    )
