"""Ask for the verdict on one call, and show whose word decided it, and where that is written (X-02)."""

from pathlib import Path
from typing import Any

import click
import msgspec

from worker_runtime.resolution.call_decision import CallDecision, decide_call
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.spec import assemble_spec
from yoi.render.console import make_console, safe_text
from yoi.runtime.explanation import load_manifest
from yoi.runtime.rule_lines import find_rule_line
from yoi.runtime.target import AskedRuntime
from yoi.runtime.where_to_change import find_places
from yoi.shell.exit_codes import DONE, REFUSED
from yoi.shell.output import print_json
from yoi_bundle.call_text import CallTextError, parse_call
from yoi_bundle.manifest import Rule
from yoi_bundle.rule_text import RuleTextError, parse_rule


def explain_call(
    context: click.Context,
    runtime: AskedRuntime,
    explanation: Explanation,
    digest: str | None,
    text: str,
    *,
    as_json: bool,
) -> int:
    """Print the verdict on a call, and return the exit code: 0 when it passes unasked, 1 when not.

    Raises:
        UsageError: The text is no call.
    """
    try:
        call = parse_call(text)
    except CallTextError as error:
        raise click.UsageError(f"--call: {error}") from None
    decision = decide_call(assemble_spec(explanation.decisions, explanation.frame), call)
    file = _find_file(context, runtime, decision, digest)
    found = _find_line(file, decision)
    if as_json:
        place: dict[str, Any] = {"file": file}
        if found is not None:
            place |= {"line": found[0], "written": found[1]}
        print_json(
            {
                "call": {"tool": call.tool, "arguments": call.arguments},
                **msgspec.to_builtins(decision),
                **place,
            }
        )
    else:
        where = f"{file}:{found[0]}" if found is not None else file
        words = found[1] if found is not None else decision.words
        console = make_console(context)
        console.print(safe_text(f"{decision.verdict}: {words}"))
        console.print(
            safe_text(f"  said by {decision.layer.replace('_', ' ')}{f', {where}' if where else ''}")
        )
        if decision.pointer:
            console.print(safe_text(f"  at {decision.pointer}"))
    return DONE if decision.verdict == "allow" else REFUSED


def _find_file(
    context: click.Context, runtime: AskedRuntime, decision: CallDecision, digest: str | None
) -> str:
    """Return the file that the deciding layer is written in; empty for what is in no file."""
    if decision.layer == "host_policy":
        return "" if runtime.is_remote else str(context.obj.host_policy_file)
    if decision.layer != "bundle":
        return ""
    origins = find_places(load_manifest(runtime, digest), "").origins
    steps = decision.pointer.split("/")
    found = (origins.get("/".join(steps[:length])) for length in range(len(steps), 1, -1))
    return next((place for place in found if place is not None), "")


def _find_line(file: str, decision: CallDecision) -> tuple[int, str] | None:
    rule = _read_rule(decision)
    return find_rule_line(Path(file), rule) if file and rule is not None else None


def _read_rule(decision: CallDecision) -> Rule | None:
    try:
        return parse_rule(decision.words) if decision.cause == "rule" else None
    except RuleTextError:
        return None
