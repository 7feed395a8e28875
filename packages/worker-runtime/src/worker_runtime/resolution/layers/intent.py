"""The layer of intent: what the caller keeps of a Worker; silence keeps all, an empty set nothing (S-02)."""

from msgspec.structs import replace

from worker_runtime.resolution.decision import Candidate, Step
from worker_runtime.resolution.host_patterns import intersect_all
from worker_runtime.resolution.payloads import (
    GrantedHost,
    GrantedLimit,
    GrantedMount,
    GrantedNetwork,
    GrantedPolicy,
    GrantedSecret,
    GrantedSkill,
    GrantedSurface,
    GrantedTool,
)
from worker_runtime.resolution.plan_grants import bound
from worker_runtime.resolution.tool_rules import ToolRules, covers, find_blocker, index_rules
from yoi_bundle.faults import join_pointer
from yoi_wire.worker_requests import Narrowing

_PLACE = "/narrowing"


def index_intent(narrowing: Narrowing) -> ToolRules | None:
    """Index the intent's own layer of tool policy, if it has one."""
    if narrowing.policy is None:
        return None
    return index_rules(narrowing.policy, f"{_PLACE}/policy")


def plan_intent_policy(narrowing: Narrowing) -> list[Candidate]:
    """Return the intent's layer of tool policy as a candidate of its own."""
    if narrowing.policy is None:
        return []
    step = Step("intent", "gives", f"{_PLACE}/policy", "intent.votes")
    payload = GrantedPolicy(id="intent:policy", layer="intent", policy=narrowing.policy)
    return [Candidate("policy", "intent:policy", payload, (step,), required=True)]


def apply_intent(candidate: Candidate, narrowing: Narrowing, rules: ToolRules | None) -> Candidate:
    """Add the intent's step to a candidate, where the intent speaks of its kind."""
    match candidate.payload:
        case GrantedTool() as tool:
            return _apply_rules(_keep_tool(candidate, tool, narrowing), tool.id, rules)
        case GrantedSurface(plugin=plugin, name=name, surface=surface) if surface.type == "tool":
            tool_id = f"plugin:{plugin}/{name}"
            if narrowing.tools is not None:
                candidate = _keep_if(candidate, covers(narrowing.tools, tool_id), "tools")
            return _apply_rules(candidate, tool_id, rules)
        case GrantedMount() as mount if narrowing.mounts is not None:
            access = narrowing.mounts.get(mount.name)
            if access == "ro" and mount.access == "rw":
                place = join_pointer(f"{_PLACE}/mounts", mount.name)
                payload = GrantedMount(name=mount.name, access="ro")
                return candidate.narrow("intent", place, "intent.lower_access", payload)
            return _keep_if(candidate, access is not None, "mounts")
        case GrantedNetwork() as network if narrowing.network is not None:
            hosts = intersect_all(network.hosts, narrowing.network)
            if hosts and hosts != network.hosts:
                narrowed = GrantedNetwork(asked=network.asked, hosts=hosts)
                return candidate.narrow("intent", f"{_PLACE}/network", "intent.narrower", narrowed)
            return _keep_if(candidate, bool(hosts), "network")
        case GrantedSecret(name=name) if narrowing.secrets is not None:
            return _keep_if(candidate, name in narrowing.secrets, "secrets")
        case GrantedHost(capability=name) if narrowing.host is not None:
            return _keep_if(candidate, name in narrowing.host, "host")
        case GrantedSkill(id=name) if narrowing.skills is not None:
            return _keep_if(candidate, name in narrowing.skills, "skills")
        case GrantedLimit(name=name):
            return bound(candidate, "intent", f"{_PLACE}/limits/{name}", getattr(narrowing.limits, name))
        case _:
            return candidate


def _keep_if(candidate: Candidate, kept: bool, field: str) -> Candidate:
    if kept:
        return candidate.give("intent", f"{_PLACE}/{field}", "intent.keeps")
    return candidate.withhold("intent", f"{_PLACE}/{field}", "intent.drops")


def _keep_tool(candidate: Candidate, tool: GrantedTool, narrowing: Narrowing) -> Candidate:
    keep = narrowing.tools
    if keep is None:
        return candidate
    if covers(keep, tool.id):
        return candidate.give("intent", f"{_PLACE}/tools", "intent.keeps")
    prefix = f"{tool.id}/"
    parts = {pattern.removeprefix(prefix) for pattern in keep if pattern.startswith(prefix)}
    kept = parts if tool.exposes is None else parts & set(tool.exposes)
    if not kept or not candidate.parts <= kept or not tool.id.startswith("mcp:"):
        return candidate.withhold("intent", f"{_PLACE}/tools", "intent.drops")
    payload = replace(tool, exposes=tuple(sorted(kept)))
    if payload == tool:
        return candidate.give("intent", f"{_PLACE}/tools", "intent.keeps")
    return candidate.narrow("intent", f"{_PLACE}/tools", "intent.narrower", payload)


def _apply_rules(candidate: Candidate, tool: str, rules: ToolRules | None) -> Candidate:
    blocker = None if rules is None else find_blocker(rules, tool, candidate.parts)
    return candidate if blocker is None else candidate.withhold("intent", blocker, "intent.policy_denies")
