"""What is left of a Worker's grants when host policy or facts have changed since it was created (W-06).

Pure: two sets of decisions in, their intersection out. A Worker never gains by this.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from worker_runtime.contract.lifecycle import WorkerState
from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.host_patterns import intersect_all
from worker_runtime.resolution.payloads import (
    Granted,
    GrantedLimit,
    GrantedMount,
    GrantedNetwork,
    GrantedPolicy,
    GrantedTool,
)
from worker_runtime.resolution.reasons import find_reasons
from yoi_bundle.calls.call import is_stricter
from yoi_bundle.manifest import Policy

LATER_POLICY_ID = "host:policy:later"
"""The vote of a host policy that came after the Worker, beside the one it was created under."""


class Rights(Struct, frozen=True, kw_only=True):
    """What a Worker may still be.

    Attributes:
        decisions: The Worker's own, each with no more than both sides give.
        lost: What is less than it was, each with its reason; empty when nothing is.
    """

    decisions: tuple[Decision, ...]
    lost: tuple[Reason, ...]


class WorkerRights(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a Worker may do now, beside what it was created with (X-13).

    Attributes:
        now: What is left under the host policy and facts of this moment; no decision at all when nothing can be said.
        created: What was decided when the Worker was created.
        lost: What was taken away since, each with the place where; empty when nothing was.
    """

    worker: str
    state: WorkerState
    now: Explanation
    created: Explanation
    lost: tuple[Reason, ...] = ()


def compute_rights(pinned: tuple[Decision, ...], current: tuple[Decision, ...]) -> Rights:
    """Intersect what a Worker has with what it would be given now."""
    now = {(one.kind, one.id): one for one in current}
    decisions: list[Decision] = []
    lost: list[Decision] = []
    for decision in pinned:
        left = _intersect_decision(decision, now.get((decision.kind, decision.id)))
        decisions.extend(left)
        if left != (decision,):
            lost.append(left[-1])
    return Rights(decisions=tuple(decisions), lost=_explain(lost, current))


def admits_all(later: Policy, earlier: Policy) -> bool:
    """Tell whether every call that `earlier` lets pass passes `later` at least as freely.

    Compares rules, not calls: True is certain, False may be too careful.
    """
    if is_stricter(later.default, earlier.default):
        return False
    votes = {(rule.tool, rule.where): rule.effect for rule in earlier.rules.values()}
    for rule in later.rules.values():
        held = votes.get((rule.tool, rule.where))
        if rule.effect != "allow" and (held is None or is_stricter(rule.effect, held)):
            return False
    kept = {(rule.tool, rule.where) for rule in later.rules.values()}
    return all(
        rule.effect == "deny"
        or (rule.tool, rule.where) in kept
        or not is_stricter(later.default, rule.effect)
        for rule in earlier.rules.values()
    )


def _intersect_decision(pinned: Decision, current: Decision | None) -> tuple[Decision, ...]:
    held = pinned.effective
    if held is None:
        return (pinned,)
    given = current.effective if current is not None else None
    if isinstance(held, GrantedPolicy):
        return _intersect_policy(pinned, held, given)
    left = _intersect(held, given) if given is not None else None
    if left == held:
        return (pinned,)
    causes = tuple(step for step in (current.steps if current else ()) if step.verdict != "gives")
    return (
        msgspec.structs.replace(
            pinned,
            effective=left,
            outcome="denied" if left is None else "narrowed",
            steps=(*pinned.steps, *(step for step in causes if step not in pinned.steps)),
        ),
    )


def _intersect_policy(pinned: Decision, held: GrantedPolicy, given: Granted | None) -> tuple[Decision, ...]:
    """Keep the layer, which only ever restricts; a later layer that is stricter anywhere gets a vote of its own."""
    if not isinstance(given, GrantedPolicy) or admits_all(given.policy, held.policy):
        return (pinned,)
    later = msgspec.structs.replace(given, id=LATER_POLICY_ID)
    return (pinned, msgspec.structs.replace(pinned, id=LATER_POLICY_ID, effective=later, outcome="narrowed"))


def _intersect(held: Granted, given: Granted) -> Granted | None:
    match held, given:
        case GrantedTool(), GrantedTool():
            return _intersect_tool(held, given)
        case GrantedMount(), GrantedMount():
            access = "ro" if "ro" in (held.access, given.access) else held.access
            return msgspec.structs.replace(held, access=access)
        case GrantedNetwork(), GrantedNetwork():
            hosts = intersect_all(held.hosts, given.hosts)
            return msgspec.structs.replace(held, hosts=hosts) if hosts else None
        case GrantedLimit(), GrantedLimit():
            return msgspec.structs.replace(held, value=_minimum(held.value, given.value))
        case _:
            return held if held == given else None


def _intersect_tool(held: GrantedTool, given: GrantedTool) -> GrantedTool | None:
    if (held.declaration, held.consumer) != (given.declaration, given.consumer):
        return None
    if held.exposes is None or given.exposes is None:
        exposes = given.exposes if held.exposes is None else held.exposes
    else:
        exposes = tuple(name for name in held.exposes if name in given.exposes)
    return msgspec.structs.replace(held, exposes=exposes)


def _minimum(one: int | None, other: int | None) -> int | None:
    bounds = [bound for bound in (one, other) if bound is not None]
    return min(bounds) if bounds else None


def _explain(lost: Iterable[Decision], current: tuple[Decision, ...]) -> tuple[Reason, ...]:
    """Return a reason for each loss: that of a refusal today, else what narrowed it."""
    lost = tuple(lost)
    names = {(one.kind, one.id) for one in lost}
    asked = tuple(msgspec.structs.replace(one, required=(one.kind, one.id) in names) for one in current)
    reasons = {(reason.kind, reason.id): reason for reason in reversed(find_reasons(asked, ()))}
    return tuple(reasons.get((one.kind, one.id)) or _explain_narrowed(one) for one in lost)


def _explain_narrowed(decision: Decision) -> Reason:
    cause = next((step for step in reversed(decision.steps) if step.verdict != "gives"), None)
    vote = cause or next((step for step in decision.steps if step.layer == "host_policy"), None)
    return Reason(
        code="policy.denied",
        kind=decision.kind,
        id="host:policy" if decision.id == LATER_POLICY_ID else decision.id,
        layer=vote.layer if vote is not None else "",
        pointer=vote.pointer if vote is not None else "",
        rule=cause.rule if cause is not None else "",
        message="host policy or facts give less than when the Worker was created",
    )
