"""Expectations of workspace.toml: calls with the verdicts that its author wants, tried on the finished manifest (X-02)."""

from collections.abc import Iterator

from yoi_bundle.authoring.assembly.ledger import Ledger
from yoi_bundle.authoring.assembly.names import Names
from yoi_bundle.authoring.dialects.native.workspace_toml import ExpectForm
from yoi_bundle.authoring.drafts.diagnostics import Place, show_name
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE
from yoi_bundle.call_text import CallTextError, parse_call
from yoi_bundle.calls import ToolCall, compute_policy_verdict, is_stricter
from yoi_bundle.calls.tools import matches_tool_call
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Effect, Manifest, Policy, Profile
from yoi_bundle.rule_text import format_rule
from yoi_bundle.selection import select_tools


def check_expectations(
    manifest: Manifest,
    expected: tuple[ExpectForm, ...],
    *,
    names: Names,
    ledger: Ledger,
) -> None:
    """Report each expectation that the workspace's own layers do not meet, with the rule that decided.

    A host has a vote as well, and may be stricter. Without a profile, every profile that has the tool is tried.

    Args:
        manifest: Whole.
        expected: As they are written.
        names: By which profiles are named.
        ledger: Gets the errors; nothing is tried on a profile that was left out with an error of its own.
    """
    text = ledger.sources.get(WORKSPACE_FILE, b"").decode(errors="replace")
    for one in expected:
        place = Place(WORKSPACE_FILE, _find_line(text, one.call))
        for message in _try(manifest, one, names, ledger):
            ledger.report(
                "error", "policy.unexpected_verdict", place, message, "correct the rules, or the expectation"
            )


def _find_line(text: str, call: str) -> int:
    lines = text.split("\n")
    return next((number for number, line in enumerate(lines, 1) if call in line and "call" in line), 0)


def _try(manifest: Manifest, one: ExpectForm, names: Names, ledger: Ledger) -> Iterator[str]:
    try:
        call = parse_call(one.call)
    except CallTextError as error:
        yield f"expect: {error}"
        return
    if one.profile is None:
        chosen = [
            name for name, profile in manifest.profiles.items() if _has_tool(manifest, name, profile, call)
        ]
        if not chosen and one.verdict != "deny":
            yield f"expect: no profile has the tool {call.tool}, so it is deny instead of {one.verdict}"
    else:
        chosen = list(names.profiles.find(one.profile, WORKSPACE_FILE))
        if len(chosen) != 1:
            yield f"expect: {len(chosen) or 'no'} profiles are called `{show_name(one.profile)}`"
            return
        if ("profiles", chosen[0]) in ledger.lost:
            return
    for name in chosen:
        effect, why = _judge(manifest, name, call)
        if effect != one.verdict:
            yield f"expect: {effect} instead of {one.verdict} for `{show_name(decode_path(name))}`, by {why}"


def _has_tool(manifest: Manifest, name: str, profile: Profile, call: ToolCall) -> bool:
    if call.tool.startswith("plugin:"):
        plugin = call.tool.removeprefix("plugin:").rpartition("/")[0]
        return plugin in profile.plugins
    for tool, taken in select_tools(manifest.tools, profile.tools, profile=name).items():
        if tool == call.tool:
            return True
        if matches_tool_call(f"{tool}/*", call.tool):
            return taken.exposes is None or call.tool.rpartition("/")[2] in taken.exposes
    return False


def _judge(manifest: Manifest, name: str, call: ToolCall) -> tuple[Effect, str]:
    """Return the strictest verdict of a profile's layers, and the words of what decided."""
    profile = manifest.profiles[name]
    if not _has_tool(manifest, name, profile, call):
        return "deny", "the profile's tools: it has no such tool"
    strictest: tuple[Effect, str] = ("allow", "no layer of the workspace, which says nothing of it")
    layers = [manifest.policies[policy] for policy in sorted(profile.policies)]
    for index, layer in enumerate(layers):
        verdict = compute_policy_verdict(layer, call)
        if index == 0 or is_stricter(verdict.effect, strictest[0]):
            strictest = (verdict.effect, _describe(layer, verdict.rule_id, verdict.effect))
    return strictest


def _describe(layer: Policy, rule_id: str | None, effect: Effect) -> str:
    where = f" in {decode_path(layer.origin.path)}" if layer.origin is not None else ""
    if rule_id is not None:
        return f"`{format_rule(layer.rules[rule_id])}`{where}"
    if effect == layer.default:
        return f"the default of the rules{where}"
    return f"a command that cannot be read with certainty, under the rules{where}"
