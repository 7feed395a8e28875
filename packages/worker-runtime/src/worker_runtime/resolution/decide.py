"""From a plan, policy, facts and intent to decisions: each layer in turn, and none gives back what another took."""

from worker_runtime.facts import HostFacts
from worker_runtime.requests import NO_NARROWING, Narrowing
from worker_runtime.resolution.decision import Decision, Kind
from worker_runtime.resolution.facts_layer import apply_facts
from worker_runtime.resolution.host_plan import HostPlan
from worker_runtime.resolution.intent_layer import apply_intent, index_intent, plan_intent_policy
from worker_runtime.resolution.needs_layer import settle_needs

_KINDS: tuple[Kind, ...] = (
    "profile",
    "model",
    "prompt",
    "tool",
    "policy",
    "skill",
    "workflow",
    "plugin",
    "surface",
    "permission",
    "secret",
    "mount",
    "network",
    "host",
    "limit",
)
_ORDER = {kind: position for position, kind in enumerate(_KINDS)}


def decide(hosted: HostPlan, facts: HostFacts, narrowing: Narrowing) -> tuple[Decision, ...]:
    """Return a decision for every item, sorted by kind and id.

    Args:
        hosted: Profile, bundle and host policy.
        facts: Restricted to the plan's needs.
        narrowing: The intent's.
    """
    manifest = hosted.plan.manifest
    items = [
        apply_facts(candidate, facts, manifest) if candidate.is_open else candidate
        for candidate in hosted.candidates
    ]
    if narrowing is not NO_NARROWING:
        rules = index_intent(narrowing)
        items = [apply_intent(candidate, narrowing, rules) for candidate in items]
        items.extend(plan_intent_policy(narrowing))
    decisions = [candidate.decide() for candidate in settle_needs(items, hosted)]
    return tuple(sorted(decisions, key=lambda decision: (_ORDER[decision.kind], decision.id)))
