"""View of placement rules and decisions; those of other workspaces are left out (K-03, K-07)."""

from msgspec import Struct

from yoi_workspace_server.placement import PlacementDecision, PlacementPolicy, PlacementRule
from yoi_workspace_server.roles import Principal


class PlacementRuleView(Struct, frozen=True, kw_only=True):
    """A rule; see `yoi_workspace_server.placement.PlacementRule`."""

    id: str
    effect: str
    workspaces: tuple[str, ...]
    runtimes: tuple[str, ...]
    visibility: tuple[str, ...]
    labels: dict[str, str]


class PlacementPolicyView(Struct, frozen=True, kw_only=True):
    """All rules.

    Attributes:
        generation: Give it back with a change.
    """

    generation: int
    rules: tuple[PlacementRuleView, ...]


class PlacementStepView(Struct, frozen=True, kw_only=True):
    """What one rule said; `failed` is the first criterion that did not match."""

    rule: str
    effect: str
    failed: str | None


class PlacementDecisionView(Struct, frozen=True, kw_only=True):
    """Whether a Runtime may receive a workspace's bundle, and why."""

    workspace: str
    runtime: str
    allowed: bool
    reason: str
    rule: str | None
    steps: tuple[PlacementStepView, ...]


def build_policy_view(policy: PlacementPolicy) -> PlacementPolicyView:
    return PlacementPolicyView(
        generation=policy.generation, rules=tuple(_build_rule(rule) for rule in policy.rules)
    )


def build_decision_view(
    decision: PlacementDecision, *, workspace: str, runtime: str, principal: Principal
) -> PlacementDecisionView:
    """Return a decision; for who does not see all workspaces, without the rules that concern others."""
    steps = tuple(
        PlacementStepView(rule=step.rule, effect=step.effect, failed=step.failed)
        for step in decision.steps
        if principal.workspaces is None or step.failed != "workspaces"
    )
    return PlacementDecisionView(
        workspace=workspace,
        runtime=runtime,
        allowed=decision.allowed,
        reason=decision.reason,
        rule=decision.rule,
        steps=steps,
    )


def _build_rule(rule: PlacementRule) -> PlacementRuleView:
    return PlacementRuleView(
        id=rule.id,
        effect=rule.effect,
        workspaces=rule.workspaces,
        runtimes=rule.runtimes,
        visibility=rule.visibility,
        labels=rule.labels,
    )
