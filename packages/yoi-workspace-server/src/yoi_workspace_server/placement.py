"""Placement: which Runtime may receive which workspace's bundle (K-03); typed rules, explained decisions.

Only the operator's labels count here. What a Runtime says of itself decides nothing, or a Runtime could ask for a
bundle by calling itself what a rule names.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from yoi_wire.backend.placements import (
    PlacementEffect,
    PlacementPolicy,
    PlacementRule,
    RuntimeKind,
    Visibility,
)

Criterion: TypeAlias = Literal["workspaces", "visibility", "runtimes", "labels"]


class PlacedWorkspace(Struct, frozen=True, kw_only=True):
    """What placement looks at in a workspace."""

    id: str
    visibility: Visibility


class PlacedRuntime(Struct, frozen=True, kw_only=True):
    """What placement looks at in a Runtime.

    Attributes:
        labels: The operator's.
    """

    name: str
    kind: RuntimeKind
    labels: Mapping[str, str]


class PlacementStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one rule said.

    Attributes:
        failed: The first criterion that did not match; None when the rule matches.
    """

    rule: str
    effect: PlacementEffect
    failed: Criterion | None = None

    @property
    def matches(self) -> bool:
        return self.failed is None


class PlacementDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a Runtime may receive a workspace's bundle, and why.

    Attributes:
        rule: The rule that decided; None when none matched and the default of the kind decided.
        steps: Every rule, in the policy's order.
    """

    allowed: bool
    reason: str
    rule: str | None = None
    steps: tuple[PlacementStep, ...] = ()


def decide_placement(
    policy: PlacementPolicy, workspace: PlacedWorkspace, runtime: PlacedRuntime
) -> PlacementDecision:
    """Decide; pure, and independent of the order of the rules (K-03).

    Any deny rule that matches wins, then any allow rule. What no rule matches is allowed on an embedded Runtime and
    denied on a remote one.
    """
    steps = tuple(_take_step(rule, workspace, runtime) for rule in policy.rules)
    for effect, allowed in (("deny", False), ("allow", True)):
        rule = min((step.rule for step in steps if step.matches and step.effect == effect), default=None)
        if rule is not None:
            return PlacementDecision(
                allowed=allowed, reason=f"rule {rule} {effect}s it", rule=rule, steps=steps
            )
    embedded = runtime.kind == "embedded"
    reason = (
        "no rule matches, and an embedded Runtime may have what its Backend has"
        if embedded
        else "no rule matches, and a remote Runtime receives nothing unless a rule allows it"
    )
    return PlacementDecision(allowed=embedded, reason=reason, steps=steps)


def may_receive(policy: PlacementPolicy, workspace: PlacedWorkspace, runtime: PlacedRuntime) -> bool:
    """Return `decide_placement(…).allowed`, without the explanation."""
    matching = {
        rule.effect for rule in policy.rules if _find_failed_criterion(rule, workspace, runtime) is None
    }
    if "deny" in matching:
        return False
    return "allow" in matching or runtime.kind == "embedded"


def _take_step(rule: PlacementRule, workspace: PlacedWorkspace, runtime: PlacedRuntime) -> PlacementStep:
    return PlacementStep(
        rule=rule.id, effect=rule.effect, failed=_find_failed_criterion(rule, workspace, runtime)
    )


def _find_failed_criterion(
    rule: PlacementRule, workspace: PlacedWorkspace, runtime: PlacedRuntime
) -> Criterion | None:
    if workspace.id not in rule.workspaces and "*" not in rule.workspaces:
        return "workspaces"
    if not _matches_visibility(rule, workspace):
        return "visibility"
    if runtime.name not in rule.runtimes and "*" not in rule.runtimes:
        return "runtimes"
    if any(runtime.labels.get(key) != value for key, value in rule.labels.items()):
        return "labels"
    return None


def _matches_visibility(rule: PlacementRule, workspace: PlacedWorkspace) -> bool:
    if rule.visibility:
        return workspace.visibility in rule.visibility
    named = workspace.id in rule.workspaces
    return named or rule.effect == "deny" or workspace.visibility != "private"
