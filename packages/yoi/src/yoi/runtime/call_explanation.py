"""Ask for the verdict on one call, and show whose word decided it, and where that is written (X-02)."""

from collections.abc import Sequence

import click
import msgspec

from worker_runtime.resolution.call_decision import CallDecision, decide_explained_call
from worker_runtime.resolution.explain import Explanation
from yoi.render.console import make_console, safe_text
from yoi.runtime.explanation import load_manifest, name_policy, print_gap
from yoi.runtime.target import AskedRuntime
from yoi.runtime.target_bundle import ChosenBundle
from yoi.runtime.where_to_change import Places, find_places, find_written_rule
from yoi.shell.exit_codes import DONE, REFUSED
from yoi.shell.output import print_json
from yoi_bundle.call_text import CallTextError, parse_call
from yoi_bundle.calls.call import ToolCall
from yoi_bundle.identifiers import decode_path


def read_call(text: str) -> ToolCall:
    """Read the call that `--call` names.

    Raises:
        UsageError: The text is no call.
    """
    try:
        return parse_call(text)
    except CallTextError as error:
        raise click.UsageError(f"--call: {error}") from None


def explain_call(
    context: click.Context,
    runtime: AskedRuntime,
    explanation: Explanation,
    chosen: ChosenBundle,
    call: ToolCall,
    *,
    as_json: bool,
) -> int:
    """Print the verdict on a call, and return the exit code: 0 when it passes unasked, 1 when not."""
    decision = decide_explained_call(explanation, call)
    places = find_places(load_manifest(runtime, chosen.digest), name_policy(context, runtime))
    file = _find_file(decision, places, is_remote=runtime.is_remote)
    written = find_written_rule(decision.layer, decision.pointer, places)
    found = written if written is not None and written.line else None
    if as_json:
        place = {"file": file} | ({} if found is None else {"line": found.line, "written": found.words})
        print_json(
            {
                "call": {"tool": call.tool, "arguments": call.arguments},
                **msgspec.to_builtins(decision),
                **place,
                "refused": explanation.refused,
            }
        )
    else:
        words = found.words if found is not None else decision.words
        where = f"{file}:{found.line}" if found is not None else file
        pointer = "" if decision.cause == "rule" else decision.pointer
        refused = [f"{one.kind} {decode_path(one.id)}: {one.message}" for one in explanation.refused]
        print_gap(context, runtime, chosen.workspace)
        print_verdict(context, decision.verdict, words, (decision.layer, where, pointer), refused)
    return get_call_code(decision.verdict)


def get_call_code(verdict: str) -> int:
    """Return the exit code of a verdict: 0 when the call passes unasked."""
    return DONE if verdict == "allow" else REFUSED


def print_verdict(
    context: click.Context, verdict: str, words: str, source: tuple[str, str, str], refused: Sequence[str]
) -> None:
    """Print a verdict for people.

    Args:
        context: Of the command.
        verdict: Allow, ask or deny.
        words: The rule as it is written, or the reason.
        source: The layer whose word it is, its file with a line, and the place in it; those that are empty are left out.
        refused: Why no Worker would start, which makes of the verdict what it would be if one did.
    """
    layer, where, pointer = source
    console = make_console(context)
    console.print(safe_text(f"{verdict}: {words}"))
    console.print(safe_text(f"  said by {layer.replace('_', ' ')}{f', {where}' if where else ''}"))
    if pointer:
        console.print(safe_text(f"  at {decode_path(pointer)}"))
    if refused:
        console.print(safe_text("  but no Worker of the profile would start there to make it:"))
    for one in refused:
        console.print(safe_text(f"    {one}"))


def _find_file(decision: CallDecision, places: Places, *, is_remote: bool) -> str:
    """Return the file that the deciding layer is written in; empty for what is in no file."""
    if decision.layer == "host_policy":
        return "" if is_remote else places.host_policy_file
    return places.find_origin(decision.pointer)[0] if decision.layer == "bundle" else ""
