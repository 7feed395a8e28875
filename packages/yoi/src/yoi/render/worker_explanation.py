"""An explanation as a Backend passes it on: names and sentences, without what was granted in full (S-03, K-07)."""

from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text
from rich.tree import Tree

from worker_runtime.resolution.decision import Decision
from yoi.render.availability import describe_details
from yoi.render.console import join_text
from yoi_bundle.identifiers import decode_path
from yoi_wire.backend.explanations import DecisionView, ExplanationView, RightsView
from yoi_wire.backend.workers import LastAcceptedView

_BRANCHES = (
    ("granted", "may use", "green"),
    ("narrowed", "may use in part", "yellow"),
    ("denied", "may not use", "red"),
)
_CAUSES = {"narrowed": "narrows", "denied": "withholds"}


_TOOL_OF = {"skill": "skill.use", "workflow": "workflow.run"}
"""Kinds that a Worker reaches by one tool alone."""


def find_unreachable(decisions: Iterable[Decision | DecisionView]) -> dict[str, str]:
    """Return the kinds whose items a Worker cannot use for want of the tool that reaches them, with that tool."""
    tools = {one.id for one in decisions if one.kind == "tool" and one.outcome != "denied"}
    return {kind: tool for kind, tool in _TOOL_OF.items() if tool not in tools}


def say_unreachable(tool: str) -> str:
    """Say why an item that every layer grants is of no use."""
    return f"granted, but the Worker has no tool {tool} to use it by"


def describe_state(state: str) -> str:
    """Say what a Worker's state means for what it may do."""
    held = "held: it may do nothing until what was taken away is given again"
    return {"held": held, "stopped": "which has ended", "cancelled": "which has ended"}.get(state, "now")


def make_lost_line(kind: str, name: str, why: str, code: str, place: str) -> Text:
    """Name one thing that was taken away, why, and where."""
    named = join_text((kind, "cyan"), " ", (decode_path(name), "bold"), ": ") if kind else Text()
    return named + join_text(why or "withheld", f" ({place})" if place else "", " ", (f"[{code}]", "dim"))


def describe_last_accepted(found: LastAcceptedView | None) -> str:
    """Say why a Worker uses an older revision than was active; empty where it does not."""
    if found is None:
        return ""
    why = f"{found.code}{describe_details(found.details)}"
    return f"{found.revision}: revision {found.rejected_revision} was rejected there: {why}"


def make_rights_tree_passed_on(rights: RightsView, *, as_created: bool) -> Tree:
    """Make the tree of a Worker that exists: what it may use now and what was taken away, or what it was created with."""
    explanation = rights.created if as_created else rights.now
    root = make_passed_on_tree(explanation)
    when = "as it was created" if as_created else describe_state(rights.state)
    profile = decode_path(explanation.frame.profile)
    root.label = join_text("A Worker of ", (profile, "bold"), ", ", (when, "bold"))
    if explanation.last_accepted is not None:
        root.add(join_text("revision ", describe_last_accepted(explanation.last_accepted)))
    if not as_created and rights.lost:
        branch = root.add(join_text(("since taken away", "bold red")))
        for one in rights.lost:
            layer = one.layer.replace("_", " ")
            place = f"{layer}, {name_pointer(one.pointer)}" if layer else ""
            branch.add(make_lost_line(one.kind, one.id, one.sentence, one.code, place))
    return root


def make_passed_on_tree(explanation: ExplanationView, *, runtime: str = "") -> Tree:
    """Make the tree: first what a Worker may use, then what in part, then what not; on which Runtime it would be so."""
    heading = join_text("A Worker of ", (decode_path(explanation.frame.profile), "bold"))
    if runtime:
        verdict = ("would be refused", "bold red") if explanation.refused else ("would start", "bold green")
        heading += join_text(", ", verdict, f" on {runtime}")
    root = Tree(heading, guide_style="dim")
    unreachable = find_unreachable(explanation.decisions)
    for outcome, title, style in _BRANCHES:
        ones = [
            one
            for one in explanation.decisions
            if outcome == ("denied" if one.kind in unreachable else one.outcome)
        ]
        if ones:
            branch = root.add(join_text((title, f"bold {style}")))
            for text in _list_items(ones, outcome, unreachable):
                branch.add(text)
    for reason in explanation.refused:
        root.add(join_text(("refused", "bold red"), f": {reason.sentence} [{reason.code}]"))
    return root


def _list_items(
    decisions: Sequence[DecisionView], outcome: str, unreachable: Mapping[str, str]
) -> list[Text]:
    """Name what was granted, kind by kind; say of the rest why."""
    if outcome == "granted":
        kinds = dict.fromkeys(one.kind for one in decisions)
        return [
            join_text(
                (kind, "cyan"),
                ": ",
                ", ".join(decode_path(one.id) for one in decisions if one.kind == kind),
            )
            for kind in kinds
        ]
    return [
        join_text(
            (one.kind, "cyan"), " ", (decode_path(one.id), "bold"), f": {_say_why(one, outcome, unreachable)}"
        )
        for one in decisions
    ]


def name_pointer(pointer: str) -> str:
    """Return a pointer as people read it; the id of a rule of tool policy says nothing to them."""
    place, found, _ = pointer.rpartition("/rules/")
    return f"{decode_path(place) or '/'}, a rule" if found else decode_path(pointer) or "/"


def _say_why(decision: DecisionView, outcome: str, unreachable: Mapping[str, str]) -> str:
    if decision.outcome != outcome:
        return say_unreachable(unreachable[decision.kind])
    return "; ".join(
        f"{step.sentence or step.rule} ({step.layer.replace('_', ' ')}, {name_pointer(step.pointer)})"
        for step in decision.steps
        if step.verdict == _CAUSES[outcome]
    )
