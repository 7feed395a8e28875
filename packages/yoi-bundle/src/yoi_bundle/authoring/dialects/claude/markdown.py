"""Claude Code's agents and commands: Markdown with frontmatter to profiles and workflows (B-14)."""

import re
from typing import Any

from yoi_bundle.authoring.dialects.claude.tool_lists import make_claude_rules, make_claude_wishes
from yoi_bundle.authoring.dialects.mcp.mcp_json import ServerPlace, read_servers
from yoi_bundle.authoring.drafts.draft import (
    Contribution,
    ProfileDraft,
    RuleDraft,
    ServerDraft,
    SourceFile,
    ToolWish,
    UnsaidRule,
    WorkflowDraft,
)
from yoi_bundle.authoring.drafts.file_diagnostics import Remarks, show_name
from yoi_bundle.authoring.drafts.tool_names import read_tool_entries
from yoi_bundle.authoring.drafts.tool_references import list_every_tool
from yoi_bundle.authoring.formats.field_reader import FieldReader
from yoi_bundle.authoring.formats.frontmatter import read_frontmatter, split_frontmatter
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Ask, Asks, Effect, WorkerLimits

_HOST_COMMAND = re.compile(rb"!`[^`\n]+`|^```!", re.MULTILINE)
_READ_ONLY_DENIES = ("file.edit", "notebook.edit", "shell.run")

_AGENT_REASONS = {
    "memory": "what a Worker remembers is the host's",
    "hooks": "hooks run commands on the host",
    "color": "it is for one program's screen",
    "background": "how a Worker is started is for its caller",
    "isolation": "where a Worker works is the host's",
    "effort": "say it as a parameter of a model",
    "initialPrompt": "a Worker's first message is for its caller",
}
_COMMAND_REASONS = {
    "disable-model-invocation": "profiles list the workflows that a Worker may run",
    "user-invocable": "profiles list the workflows that a Worker may run",
    "hooks": "hooks run commands on the host",
    "context": "a workflow runs in the Worker that was asked",
    "agent": "a workflow runs in the Worker that was asked",
    "effort": "say it as a parameter of a model",
    "shell": "the host chooses the shell",
}


def read_claude_agent(file: SourceFile, *, limits: Limits = DEFAULT_LIMITS) -> Contribution:
    """Read one agent; a restriction that cannot be read or said leaves it without a profile, or marks it `unsaid`."""
    remarks = Remarks(file.path)
    parts = split_frontmatter(file.data)
    reading = read_frontmatter(parts, file=file.path, limits=limits)
    remarks.extend(reading.diagnostics)
    if reading.fields is None:
        return Contribution(diagnostics=remarks.collect())
    fields = FieldReader(reading.fields, remarks)
    tools = _read_tools(fields, "tools", file.path, remarks)
    rules, unsaid = _read_rules(fields, "disallowedTools", "deny", file.path, remarks)
    mode_rules, mode_unsaid = _read_permission_mode(fields, remarks)
    servers, tools = _read_servers(fields, tools, file.path, remarks)
    turns = fields.get_count("maxTurns")
    title, description = fields.get_text("name"), fields.get_text("description")
    models, skills = fields.get_models("model"), fields.get_names("skills")
    fields.report_rest(_AGENT_REASONS)
    if _has_fatal(remarks):
        return Contribution(diagnostics=remarks.collect())
    draft = ProfileDraft(
        path=file.path,
        dialect="claude",
        body=parts.body,
        title=title,
        description=description,
        line=1,
        models=models,
        tools=tools,
        rules=rules + mode_rules,
        unsaid=unsaid + mode_unsaid,
        skills=skills,
        asks=Asks() if turns is None else Asks(limits=WorkerLimits(turns=turns)),
        servers=servers,
    )
    return Contribution(profiles=(draft,), diagnostics=remarks.collect())


def read_claude_command(file: SourceFile, *, limits: Limits = DEFAULT_LIMITS) -> Contribution:
    """Read one command; its `allowed-tools` pass unasked while it runs, where the profile lets them, and all else asks."""
    remarks = Remarks(file.path)
    parts = split_frontmatter(file.data)
    reading = read_frontmatter(parts, file=file.path, limits=limits)
    remarks.extend(reading.diagnostics)
    if reading.fields is None:
        return Contribution(diagnostics=remarks.collect())
    fields = FieldReader(reading.fields, remarks)
    confined = "allowed-tools" in reading.fields
    rules, unsaid = _read_rules(fields, "allowed-tools", "allow", file.path, remarks)
    denies, denies_unsaid = _read_rules(fields, "disallowed-tools", "deny", file.path, remarks)
    asks = _read_host_commands(parts.body, parts.body_line, remarks)
    title, description = fields.get_text("name"), fields.get_text("description")
    hint, models = fields.get_text("argument-hint"), fields.get_models("model")
    fields.report_rest(_COMMAND_REASONS)
    if _has_fatal(remarks):
        return Contribution(diagnostics=remarks.collect())
    draft = WorkflowDraft(
        path=file.path,
        dialect="claude",
        body=parts.body,
        title=title,
        description=description,
        line=1,
        argument_hint=hint,
        rules=rules + denies,
        rules_default="ask" if confined else "allow",
        unsaid=unsaid + denies_unsaid,
        models=models,
        asks=asks,
    )
    return Contribution(workflows=(draft,), diagnostics=remarks.collect())


def _has_fatal(remarks: Remarks) -> bool:
    """Tell whether there was an error that no `UnsaidRule` and no lost server stands for."""
    return any(
        one.severity == "error" and not one.rule.startswith(("policy.", "mcp.")) for one in remarks.collect()
    )


def _read_tools(fields: FieldReader, key: str, path: str, remarks: Remarks) -> tuple[ToolWish, ...] | None:
    field = fields.take(key)
    if field is None:
        return None
    found = read_tool_entries(field, key=key, file=path, at_spaces=True)
    remarks.extend(found.diagnostics)
    return make_claude_wishes(found.entries or (), remarks)


def _read_rules(
    fields: FieldReader, key: str, effect: Effect, path: str, remarks: Remarks
) -> tuple[tuple[RuleDraft, ...], tuple[UnsaidRule, ...]]:
    field = fields.take(key)
    if field is None:
        return (), ()
    found = read_tool_entries(field, key=key, file=path, at_spaces=True)
    remarks.extend(found.diagnostics)
    return make_claude_rules(found.entries or (), effect, remarks)


def _read_permission_mode(
    fields: FieldReader, remarks: Remarks
) -> tuple[tuple[RuleDraft, ...], tuple[UnsaidRule, ...]]:
    mode, line = fields.get_text("permissionMode", confines=True), fields.get_line("permissionMode")
    if mode in ("", "default"):
        return (), ()
    if mode in ("acceptEdits", "auto", "bypassPermissions"):
        message = f"the mode `{mode}` would let calls pass unasked; it changes nothing here"
        remarks.warn("policy.mode_left_out", line, message, "write allow rules for what may pass")
        return (), ()
    if mode == "plan":
        message = f"the mode `plan` becomes a deny of {', '.join(_READ_ONLY_DENIES)}"
        remarks.warn("policy.mode_as_rules", line, message, "take the mode out to let a Worker act")
        wishes = (ToolWish(written=mode, line=line, pattern=tool) for tool in _READ_ONLY_DENIES)
        return tuple(RuleDraft(effect="deny", tool=wish) for wish in wishes), ()
    message = "`permissionMode` restricts in a way that rules cannot say"
    remarks.error("policy.rule_unsaid", line, message, "take it out, and write a policy in .yoi/policies")
    return (), (UnsaidRule(effect="deny", written="permissionMode", line=line),)


def _read_servers(
    fields: FieldReader, tools: tuple[ToolWish, ...] | None, path: str, remarks: Remarks
) -> tuple[tuple[ServerDraft, ...], tuple[ToolWish, ...] | None]:
    """Read `mcpServers`: inline ones are private, and an agent without a tool list is confined to the servers named."""
    field = fields.take("mcpServers")
    if field is None:
        return (), tools
    inline: dict[Any, Any] = {}
    names: list[str] = []
    items = field.value if isinstance(field.value, list) else [field.value]
    for item in items:
        if isinstance(item, str):
            names.extend(name.strip() for name in item.split(",") if name.strip())
        elif isinstance(item, dict):
            inline.update(item)
        else:
            message = "`mcpServers` is neither names nor declarations"
            remarks.error("tools.unreadable", field.line, message, "write a list of names")
    drafts, diagnostics = read_servers(
        inline, ServerPlace(path=path, dialect="claude", find_line=lambda _: field.line)
    )
    remarks.extend(diagnostics)
    if tools is not None:
        return drafts, tools
    wishes = tuple(
        ToolWish(written=show_name(str(name)), line=field.line, server=str(name))
        for name in [*names, *inline]
    )
    return drafts, (*list_every_tool(field.line, servers=False), *wishes)


def _read_host_commands(body: bytes, body_line: int, remarks: Remarks) -> Asks:
    """Report commands that Claude Code would run while it renders the text; here they are text, and an ask for the shell."""
    first = _HOST_COMMAND.search(body) if b"`" in body and b"!" in body else None
    if first is None:
        return Asks()
    line = body_line + body.count(b"\n", 0, first.start())
    count = len(_HOST_COMMAND.findall(body))
    message = f"{count} host command{'s' if count > 1 else ''} in the text stay{'' if count > 1 else 's'} text; nothing runs by itself"
    remarks.warn(
        "workflow.host_command",
        line,
        message,
        "ask the Worker in words to run it; the host decides on the shell",
    )
    return Asks(host={"shell": Ask()})
