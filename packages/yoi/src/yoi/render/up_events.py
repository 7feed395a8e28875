"""What `yoi up` tells, for people: each happening as it comes."""

from datetime import datetime

from rich.console import Console

from yoi.render.console import describe_value, join_text
from yoi.render.diagnostics import print_diagnostics, summarise
from yoi.render.diff import print_diff
from yoi.render.table import make_facts
from yoi.up.events import Activated, Built, Changed, Delivered, Happening, Problem, Started, Stopped
from yoi_bundle.diagnostics import Diagnostic

_COUNTED = ("profiles", "prompts", "workflows", "skills", "tools", "policies", "plugins", "models", "blobs")
_STATES = {
    "in_sync": ("in sync", "green"),
    "rejected": ("rejected", "bold red"),
    "failing": ("failing", "yellow"),
    "unreachable": ("unreachable", "yellow"),
}


class HappeningPrinter:
    """Prints happenings; of a build only those remarks and numbers that the one before did not have."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: frozenset[Diagnostic] = frozenset()
        self._counts: dict[str, int] = {}

    def print(self, happening: Happening) -> None:
        """Print one happening."""
        console = self._console
        match happening:
            case Started():
                _print_start(console, happening)
            case Built():
                self._print_build(happening)
            case Changed():
                print_diff(console, happening.diff)
            case Activated():
                _print_activation(console, happening)
            case Delivered():
                _print_delivery(console, happening)
            case Stopped():
                console.print("stopped; nothing is left running")

    def _print_build(self, one: Built) -> None:
        console = self._console
        console.print()
        serious = [found for found in one.diagnostics if found.severity != "info"]
        print_diagnostics(console, [found for found in serious if found not in self._said])
        self._said = frozenset(serious)
        time = (_format_time(one.built_at), "dim")
        remarks = _summarise(one)
        if one.outcome == "failed":
            why = f", {_describe(one.problem)}" if one.problem and not serious else ""
            line = join_text(time, " ", ("not built", "bold red"), f": {remarks}{why}")
            console.print(line, soft_wrap=True)
            console.print(join_text(f"  {_say_what_stays(one)}"), soft_wrap=True)
            return
        verb = "built" if one.outcome == "new" else "built, as before"
        text = f": revision {one.revision}, {one.digest}; {remarks}"
        console.print(join_text(time, " ", (verb, "bold green"), text), soft_wrap=True)
        if one.counts != self._counts:
            counted = ", ".join(f"{one.counts[name]} {name}" for name in _COUNTED if one.counts.get(name))
            console.print(join_text(f"  {counted}"), soft_wrap=True)
            self._counts = one.counts
        if one.active_revision != one.revision:
            held = "a rollback holds it" if one.held else "it waits for `yoi workspace activate`"
            line = join_text(("  not active", "yellow"), f": {held}; {_say_what_stays(one)}")
            console.print(line, soft_wrap=True)


def _print_start(console: Console, one: Started) -> None:
    policy = one.policy_file
    if not one.policy_found:
        policy += "  (not there: nothing is granted; `yoi policy init` writes one)"
    facts = [
        ("Backend", f"{one.address}, for this host alone"),
        ("workspace", f"{one.workspace}, from {one.source}; built on every save"),
        ("elsewhere", f"yoi login {one.address} --token-file {one.token_file}"),
        ("host policy", policy),
        ("log", one.log_file),
    ]
    console.print(make_facts(facts))
    console.print(join_text(("Ctrl-C ends it all.", "dim")))


def _print_activation(console: Console, one: Activated) -> None:
    verb = "rolled back to" if one.kind == "rollback" else "activated"
    reason = f": {one.reason}" if one.reason else ""
    text = f" revision {one.revision} by {one.actor}{reason}"
    console.print(join_text(("→ ", "dim"), (verb, "bold"), text), soft_wrap=True)


def _summarise(one: Built) -> str:
    unseen = one.diagnostic_count - len(one.diagnostics)
    remarks = summarise(one.diagnostics) or "no remarks"
    return f"{remarks}, and {unseen} more" if unseen > 0 else remarks


def _say_what_stays(one: Built) -> str:
    if one.active_revision is None:
        return "no revision is active yet"
    return f"revision {one.active_revision} stays active"


def _print_delivery(console: Console, one: Delivered) -> None:
    name, style = _STATES.get(one.state, (one.state.replace("_", " "), "yellow"))
    revision = f", revision {one.revision}" if one.revision is not None else ""
    parts: list[tuple[str, str] | str] = [("→ ", "dim"), (one.runtime, "bold"), ": ", (name, style), revision]
    if one.problem is not None:
        parts.append(f": {_describe(one.problem)}")
    if one.state != "in_sync" and one.observed_revision is not None:
        parts.append(f"; it has revision {one.observed_revision}")
    console.print(join_text(*parts), soft_wrap=True)


def _describe(problem: Problem) -> str:
    """Write a problem in one line: its code, and each of its details."""
    said = ", ".join(f"{name} {describe_value(value)}" for name, value in problem.details.items() if value)
    return f"{problem.code} ({said})" if said else problem.code


def _format_time(instant: str) -> str:
    """Write an instant as the time of day here."""
    return datetime.fromisoformat(instant).astimezone().strftime("%H:%M:%S")
