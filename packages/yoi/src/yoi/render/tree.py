"""An explanation as a tree that one can read aloud: what it may do, what not, why, and what to change where (S-03)."""

from collections.abc import Iterable, Mapping

from rich.text import Text
from rich.tree import Tree

from worker_runtime.resolution.decision import LAYERS, Decision, Step
from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.payloads import (
    GrantedLimit,
    GrantedMount,
    GrantedNetwork,
    GrantedPolicy,
    GrantedPrompt,
    GrantedTool,
)
from worker_runtime.resolution.rights import WorkerRights
from worker_runtime.resolution.rules import RULES
from yoi.render.console import join_text
from yoi.render.worker_explanation import describe_state, find_unreachable, make_lost_line, say_unreachable
from yoi.runtime.where_to_change import Places, find_place
from yoi_bundle.calls import CompiledPolicy
from yoi_bundle.identifiers import decode_path

_NOUNS: dict[str, tuple[str, str]] = {
    "prompt": ("prompt", "prompts"),
    "model": ("model", "models"),
    "tool": ("tool", "tools"),
    "policy": ("policy with a vote on calls", "policies with a vote on calls"),
    "skill": ("skill", "skills"),
    "workflow": ("workflow", "workflows"),
    "plugin": ("plugin", "plugins"),
    "surface": ("plugin surface", "plugin surfaces"),
    "permission": ("plugin permission", "plugin permissions"),
    "secret": ("secret", "secrets"),
    "mount": ("mount", "mounts"),
    "network": ("network host", "network hosts"),
    "host": ("host capability", "host capabilities"),
    "limit": ("limit", "limits"),
}


def make_explanation_tree(explanation: Explanation, places: Places) -> Tree:
    """Make the tree: first what a Worker may use, then what in part, then what not; nothing is left out."""
    root = Tree(_make_heading(explanation), guide_style="dim")
    by_outcome: dict[str, list[Decision]] = {"granted": [], "narrowed": [], "denied": []}
    unreachable = find_unreachable(explanation.decisions)
    for decision in explanation.decisions:
        by_outcome["denied" if decision.kind in unreachable else decision.outcome].append(decision)
    _add_granted(root, by_outcome["granted"])
    _add_asked(root, explanation.decisions)
    _add_explained(root, ("may use in part", "bold yellow"), by_outcome["narrowed"], places, {})
    _add_explained(root, ("may not use", "bold red"), by_outcome["denied"], places, unreachable)
    if explanation.refused:
        _add_refusal(root, explanation)
    return root


def make_rights_tree(rights: WorkerRights, places: Places, *, as_created: bool) -> Tree:
    """Make the tree of a Worker that exists: what it may use now and what was taken away, or what it was created with."""
    explanation = rights.created if as_created else rights.now
    root = make_explanation_tree(explanation, places)
    profile = decode_path(explanation.frame.profile)
    when = "as it was created" if as_created else describe_state(rights.state)
    root.label = join_text("A Worker of ", (profile, "bold"), ", ", (when, "bold"))
    if not as_created and rights.lost:
        branch = root.add(join_text(("since taken away", "bold red")))
        for one in rights.lost:
            place = _find_lost_place(one, places)
            branch.add(make_lost_line(one.kind, one.id, one.message, one.code, place))
    return root


def _find_lost_place(one: Reason, places: Places) -> str:
    if one.layer not in LAYERS:
        return ""
    return find_place(Step(one.layer, "withholds", one.pointer, one.rule), places)


def _make_heading(explanation: Explanation) -> Text:
    frame = explanation.frame
    source = "the Runtime's built-in set" if frame.source == "builtin" else f"bundle {frame.digest[:19]}…"
    verdict = ("would be refused", "bold red") if explanation.refused else ("would start", "bold green")
    return join_text(
        "A Worker of ", (decode_path(frame.profile), "bold"), f", from {source}, ", verdict, " here"
    )


def _add_granted(root: Tree, decisions: list[Decision]) -> None:
    branch = root.add(join_text(("may use", "bold green")))
    if not decisions:
        branch.add(join_text(("nothing", "dim")))
    for kind, ones in _group(decisions):
        noun = _NOUNS[kind][0 if len(ones) == 1 else 1]
        branch.add(join_text((noun, "cyan"), ": ", ", ".join(_describe(one) for one in ones)))


def _add_asked(root: Tree, decisions: Iterable[Decision]) -> None:
    """Name the tools of which a layer has every call asked about that its rules do not name."""
    layers = [
        CompiledPolicy(one.effective.policy) for one in decisions if isinstance(one.effective, GrantedPolicy)
    ]
    tools = [one.id for one in decisions if one.kind == "tool" and one.outcome != "denied"]
    asked = [
        tool
        for tool in tools
        if (effects := {layer.decide_unmatched(tool) for layer in layers}) >= {"ask"}
        and "deny" not in effects
    ]
    if asked:
        branch = root.add(join_text(("asks before each call that no rule allows", "bold yellow")))
        branch.add(join_text(("tools", "cyan"), ": ", ", ".join(decode_path(tool) for tool in asked)))


def _add_explained(
    root: Tree,
    title: tuple[str, str],
    decisions: list[Decision],
    places: Places,
    unreachable: Mapping[str, str],
) -> None:
    if not decisions:
        return
    branch = root.add(join_text(title))
    for kind, ones in _group(decisions):
        for one in ones:
            tool = "" if one.outcome == "denied" else unreachable.get(kind, "")
            item = branch.add(_make_sentence(_NOUNS[kind][0], one, say_unreachable(tool) if tool else ""))
            for step in _list_causes(one):
                _add_remedy(item, step, places)


def _make_sentence(noun: str, decision: Decision, other_cause: str) -> Text:
    causes = other_cause or "; ".join(RULES[step.rule].sentence for step in _list_causes(decision))
    required = (", which it requires", "bold") if decision.required else ""
    return join_text((noun, "cyan"), " ", (_describe(decision), "bold"), required, f": {causes}")


def _add_remedy(item: Tree, step: Step, places: Places) -> None:
    remedy = RULES[step.rule].remedy
    if remedy:
        item.add(join_text(("→ ", "green"), remedy, (f"  ({find_place(step, places)})", "dim")))


def _add_refusal(root: Tree, explanation: Explanation) -> None:
    branch = root.add(join_text(("and so no Worker would start", "bold red")))
    for reason in explanation.refused:
        noun = _NOUNS.get(reason.kind, (reason.kind, ""))[0]
        branch.add(
            join_text(
                (noun, "cyan"), f" {decode_path(reason.id)}: {reason.message} ", (f"[{reason.code}]", "dim")
            )
        )


def _list_causes(decision: Decision) -> list[Step]:
    """Return the steps that made the outcome what it is; of a denied item those that withheld it."""
    wanted = "withholds" if decision.outcome == "denied" else "narrows"
    return [step for step in decision.steps if step.verdict == wanted]


def _describe(decision: Decision) -> str:
    """Name an item, with what is left of it where that is less than all."""
    name = decode_path(decision.id)
    if decision.kind == "secret":
        return name.replace("@", " for ", 1)
    match decision.effective:
        case GrantedMount(access=access):
            return f"{name} ({'read and write' if access == 'rw' else 'read-only'})"
        case GrantedLimit(value=value):
            return f"{name} {'unbounded' if value is None else value}"
        case GrantedNetwork(hosts=hosts) if hosts != (decision.id,):
            return f"{name} ({', '.join(hosts)})"
        case GrantedTool(exposes=exposes) if exposes is not None:
            return f"{name} ({', '.join(decode_path(tool) for tool in exposes)})"
    return name


def _group(decisions: Iterable[Decision]) -> list[tuple[str, list[Decision]]]:
    groups: dict[str, list[Decision]] = {}
    for decision in decisions:
        groups.setdefault(decision.kind, []).append(decision)
    return [(kind, sorted(groups[kind], key=_find_position)) for kind in _NOUNS if kind in groups]


def _find_position(decision: Decision) -> int:
    """Return a prompt's place in reading order; other items stay in the order of their ids."""
    return decision.effective.position if isinstance(decision.effective, GrantedPrompt) else 0
