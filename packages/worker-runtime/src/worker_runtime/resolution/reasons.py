"""Why a Worker is refused: required items that are denied, and required capabilities not granted in full (S-09)."""

from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from worker_runtime.contract.capability import Capability, parse_capability
from worker_runtime.resolution.decision import Decision, Kind, Step
from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.host_patterns import includes
from worker_runtime.resolution.payloads import GrantedModel, GrantedMount, GrantedNetwork, GrantedTool
from worker_runtime.resolution.rules import RULES
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import McpServer

_Index: TypeAlias = Mapping[str, Decision]


def find_reasons(decisions: tuple[Decision, ...], requires: Collection[str]) -> tuple[Reason, ...]:
    """Return every reason for which a Worker of these decisions is refused; none when it is not.

    Raises:
        RequestInvalidError: A capability is none of the grammar.
    """
    missing = [one for one in decisions if one.required and _is_missing(one)]
    if not missing and not requires:
        return ()
    index = {join_pointer(f"/{one.kind}", one.id): one for one in decisions}
    reasons: dict[Reason, None] = {}
    for decision in missing:
        reasons.update(dict.fromkeys(_explain(decision, index)))
    for text in sorted(requires):
        reasons.update(dict.fromkeys(_check_capability(parse_capability(text), decisions, index)))
    return tuple(reasons)


def _is_missing(decision: Decision) -> bool:
    """Tell whether an item is not what was asked for; a mount or host pattern asks for all that it names.

    A server that the intent keeps in part is there.
    """
    if decision.outcome == "narrowed":
        return decision.kind in ("mount", "network")
    return decision.outcome == "denied"


def _explain(decision: Decision, index: _Index) -> Iterator[Reason]:
    """Yield a reason for each layer that withheld or narrowed the item."""
    causes = [step for step in decision.steps if step.verdict == "withholds"]
    causes = causes or [step for step in decision.steps if step.verdict == "narrows"]
    for step in causes:
        yield _make_reason(decision.kind, decision.id, step, index)


def _make_reason(kind: Kind, name: str, step: Step, index: _Index) -> Reason:
    text = RULES[step.rule]
    return Reason(
        code=_find_code(step, index),
        kind=kind,
        id=name,
        layer=step.layer,
        pointer=step.pointer,
        rule=step.rule,
        message=text.sentence,
    )


def _find_code(step: Step, index: _Index) -> str:
    """Return the code of what came first: of an item that fell with another one, the other's."""
    other = index.get(step.pointer) if step.layer == "needs" else None
    if other is not None:
        for cause in other.steps:
            if cause.verdict == "withholds" and cause.layer != "needs":
                return RULES[cause.rule].code
    return RULES[step.rule].code


def _check_capability(
    capability: Capability, decisions: tuple[Decision, ...], index: _Index
) -> Iterator[Reason]:
    candidates = [one for one in decisions if _speaks_of(one, capability)]
    if candidates and all(_gives(one, capability) for one in candidates):
        return
    if capability.kind == "network" and any(_gives(one, capability) for one in candidates):
        return
    explained = False
    for decision in candidates:
        if not _gives(decision, capability):
            for reason in _explain(decision, index):
                explained = True
                yield reason
    if not explained:
        yield Reason(
            code="capability.unavailable",
            kind=_kind_of(capability),
            id=f"{capability.name}/{capability.detail}" if capability.kind == "plugin" else capability.name,
            layer="profile",
            pointer="",
            rule="profile.silent",
            message=RULES["profile.silent"].sentence,
        )


def _kind_of(capability: Capability) -> Kind:
    return "surface" if capability.kind == "plugin" else capability.kind


def _speaks_of(decision: Decision, capability: Capability) -> bool:
    if decision.kind != _kind_of(capability):
        return False
    match capability.kind:
        case "secret":
            return decision.id.split("@", 1)[0] == capability.name
        case "plugin":
            return decision.id == f"{capability.name}/{capability.detail}"
        case "network":
            return includes(decision.id, capability.name) or includes(capability.name, decision.id)
        case "tool":
            return decision.id == capability.name or capability.name.rpartition("/")[0] == decision.id
        case _:
            return decision.id == capability.name


def _gives(decision: Decision, capability: Capability) -> bool:
    """Tell whether a decision gives all that the capability names."""
    match decision.effective:
        case None:
            return False
        case GrantedMount(access=access):
            return capability.detail == "ro" or access == "rw"
        case GrantedNetwork(hosts=hosts):
            return any(includes(host, capability.name) for host in hosts)
        case GrantedModel(for_workflows=for_workflows):
            return not for_workflows
        case GrantedTool() as tool:
            return _gives_tool(tool, capability.name)
        case _:
            return True


def _gives_tool(tool: GrantedTool, name: str) -> bool:
    if not isinstance(tool.declaration, McpServer) or tool.exposes is None:
        return True
    if name == tool.id:
        declared = tool.declaration.exposes
        return declared is not None and set(declared) == set(tool.exposes)
    return name.rpartition("/")[2] in tool.exposes
