"""View of placement rules and decisions; those of other workspaces are left out (K-03, K-07)."""

from yoi_wire.backend.placements import (
    PlacementDecisionView,
    PlacementPolicy,
    PlacementPolicyView,
    PlacementRule,
    PlacementRuleView,
    PlacementStepView,
)
from yoi_workspace_server.placement import PlacementDecision
from yoi_workspace_server.roles import Principal


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
