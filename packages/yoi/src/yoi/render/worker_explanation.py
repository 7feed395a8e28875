"""An explanation as a Backend passes it on: names and sentences, without what was granted in full (S-03, K-07)."""

from collections.abc import Sequence

from rich.text import Text
from rich.tree import Tree

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
            layer, pointer = one.layer.replace("_", " "), decode_path(one.pointer)
            place = f"{layer}, {pointer or '/'}" if layer else ""
            branch.add(make_lost_line(one.kind, one.id, one.sentence, one.code, place))
    return root


def make_passed_on_tree(explanation: ExplanationView) -> Tree:
    """Make the tree: first what a Worker may use, then what in part, then what not."""
    root = Tree(
        join_text("A Worker of ", (decode_path(explanation.frame.profile), "bold")), guide_style="dim"
    )
    for outcome, title, style in _BRANCHES:
        ones = [one for one in explanation.decisions if one.outcome == outcome]
        if ones:
            branch = root.add(join_text((title, f"bold {style}")))
            for text in _list_items(ones, outcome):
                branch.add(text)
    for reason in explanation.refused:
        root.add(join_text(("refused", "bold red"), f": {reason.sentence} [{reason.code}]"))
    return root


def _list_items(decisions: Sequence[DecisionView], outcome: str) -> list[Text]:
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
        join_text((one.kind, "cyan"), " ", (decode_path(one.id), "bold"), f": {_say_why(one, outcome)}")
        for one in decisions
    ]


def _say_why(decision: DecisionView, outcome: str) -> str:
    return "; ".join(
        f"{step.sentence or step.rule} ({step.layer.replace('_', ' ')}, {decode_path(step.pointer) or '/'})"
        for step in decision.steps
        if step.verdict == _CAUSES[outcome]
    )
