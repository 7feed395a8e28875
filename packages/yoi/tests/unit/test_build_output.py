"""The output of a build for people: errors whole, the rest in brief, and every profile and server by name and file."""

import json

import pytest

from support.bundles.source_trees import build_files, get_manifest
from yoi.render.build_result import list_found
from yoi.render.diagnostics import WARNINGS_OF_ONE_RULE, choose_diagnostics
from yoi_bundle.diagnostics import Diagnostic, Severity

pytestmark = pytest.mark.req("B-14")


def remark(severity: Severity, rule: str, number: int) -> Diagnostic:
    return Diagnostic(
        severity=severity, rule=rule, file=f"{number}.md", line=1, pointer="", message="m", remedy=""
    )


def test_every_error_a_few_warnings_of_each_rule_and_no_info_are_shown() -> None:
    errors = [remark("error", "a.b", number) for number in range(20)]
    warnings = [remark("warning", rule, number) for rule in ("c.d", "e.f") for number in range(20)]
    infos = [remark("info", "g.h", number) for number in range(20)]
    chosen = choose_diagnostics([*errors, *warnings, *infos], verbose=False)
    assert [one for one in chosen.shown if one.severity == "error"] == errors
    assert len(chosen.shown) == len(errors) + 2 * WARNINGS_OF_ONE_RULE
    assert chosen.hidden == 80 - len(chosen.shown)
    assert choose_diagnostics(infos, verbose=True).shown == tuple(infos)


def test_every_profile_and_server_is_named_with_its_file() -> None:
    header = "---\nname: a\ndescription: d\ntools: Read\n---\nHelp.\n"
    files = {
        "deep/agents/ä.md": header,
        "agents/b.md": header,
        "x/.mcp.json": json.dumps({"mcpServers": {"s": {"command": "npx"}}}),
    }
    rows = list_found(get_manifest(build_files(files)))
    assert {(kind, file) for kind, _, file in rows} == {
        ("profile", "deep/agents/ä.md"),
        ("profile", "agents/b.md"),
        ("MCP server", "x/.mcp.json"),
    }
