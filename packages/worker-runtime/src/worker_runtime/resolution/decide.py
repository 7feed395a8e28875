"""From a plan, policy, facts and intent to decisions: each layer in turn, and none gives back what another took."""

from msgspec.structs import replace

from worker_runtime.host.facts import HostFacts
from worker_runtime.resolution.decision import Decision, get_order
from worker_runtime.resolution.host_plan import HostPlan
from worker_runtime.resolution.layers.facts import apply_facts
from worker_runtime.resolution.layers.intent import apply_intent, index_intent, plan_intent_policy
from worker_runtime.resolution.layers.needs import settle_needs
from yoi_bundle.closure import list_spelled, spell_entry
from yoi_wire.worker_requests import NO_NARROWING, Narrowing


def decide(hosted: HostPlan, facts: HostFacts, narrowing: Narrowing) -> tuple[Decision, ...]:
    """Return a decision for every item, sorted by kind and id.

    Args:
        hosted: Profile, bundle and host policy.
        facts: Restricted to the plan's needs.
        narrowing: The intent's; `NO_NARROWING` itself takes the short way over what is settled.
    """
    if narrowing is NO_NARROWING:
        return _decide_pending(hosted, facts)
    manifest = hosted.plan.manifest
    if narrowing.tools is not None:
        known = list_spelled(manifest)
        narrowing = replace(
            narrowing, tools=frozenset(spell_entry(entry, known) for entry in narrowing.tools)
        )
    rules = index_intent(narrowing)
    items = {
        one.key: apply_intent(apply_facts(one, facts, manifest), narrowing, rules)
        for one in hosted.candidates
    }
    settle_needs(items, tuple(items.values()), hosted)
    for one in plan_intent_policy(narrowing):
        items[one.key] = one
    return tuple(items[key].decide() for key in sorted(items, key=get_order))


def _decide_pending(hosted: HostPlan, facts: HostFacts) -> tuple[Decision, ...]:
    settled = hosted.settled
    items = settled.items.copy()
    pending = [apply_facts(one, facts, hosted.plan.manifest) for one in settled.pending]
    for one in pending:
        items[one.key] = one
    settle_needs(items, pending, hosted)
    decisions = settled.decisions.copy()
    for one in settled.pending:
        decisions[one.key] = items[one.key].decide()
    return tuple([decisions[key] for key in settled.order])
