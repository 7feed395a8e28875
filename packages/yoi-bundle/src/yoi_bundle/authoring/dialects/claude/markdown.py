"""Claude Code's agents and commands: Markdown with frontmatter to profiles and workflows (B-14)."""

import re
from typing import Any

from yoi_bundle.authoring.dialects.claude.hooks import read_hooks
from yoi_bundle.authoring.dialects.claude.tool_lists import (
    make_unasked_rules,
    read_claude_rule_list,
    read_claude_tool_list,
)
from yoi_bundle.authoring.dialects.mcp.mcp_json import ServerPlace, read_servers
from yoi_bundle.authoring.drafts.diagnostics import show_name
from yoi_bundle.authoring.drafts.draft import (
    Contribution,
    NameReference,
    ProfileDraft,
    RuleDraft,
    ServerDraft,
    ToolReference,
    UnsaidRule,
    WorkflowDraft,
)
from yoi_bundle.authoring.drafts.tool_lists import list_every_tool, read_tool_entries
from yoi_bundle.authoring.formats.harmless_keys import AGENT_KEYS, COMMAND_KEYS
from yoi_bundle.authoring.formats.markdown import Markdown, reads_markdown
from yoi_bundle.manifest import Ask, Asks, Effect, WorkerLimits

_HOST_COMMAND = re.compile(rb"!`[^`\n]+`|^```!", re.MULTILINE)
_READ_ONLY_DENIES = ("file.edit", "notebook.edit", "shell.run")

_AGENT_REASONS = {
    "memory": "what a Worker remembers is the host's",
    "color": "it is for one program's screen",
    "background": "how a Worker is started is for its caller",
    "isolation": "where a Worker works is the host's",
    "effort": "say it as a parameter of a model",
    "initialPrompt": "a Worker's first message is for its caller",
}
_COMMAND_REASONS = {
    "disable-model-invocation": "profiles list the workflows that a Worker may run",
    "user-invocable": "profiles list the workflows that a Worker may run",
    "context": "a workflow runs in the Worker that was asked",
    "effort": "say it as a parameter of a model",
    "shell": "the host chooses the shell",
}


@reads_markdown
def read_claude_agent(file: Markdown) -> Contribution | None:
    """Read one agent; a restriction that cannot be read or said leaves it without a profile, or marks it `unsaid`."""
    fields = file.fields
    tools = _read_tools(file)
    rules, unsaid = _read_rules(file, "disallowedTools", "deny")
    mode_rules, mode_unsaid = _read_permission_mode(file)
    servers, tools = _read_servers(file, tools)
    hook_rules = read_hook_field(file)
    turns = fields.get_count("maxTurns")
    title, description = fields.get_text("name"), fields.get_text("description")
    models, skills = fields.get_models("model"), fields.get_names("skills")
    fields.report_rest(AGENT_KEYS, _AGENT_REASONS)
    if file.diagnostics.has_fatal():
        return None
    draft = ProfileDraft(
        path=file.path,
        dialect="claude",
        body=file.body,
        title=title,
        description=description,
        line=1,
        models=models,
        tools=tools,
        rules=rules + mode_rules + hook_rules,
        unsaid=unsaid + mode_unsaid,
        skills=skills,
        asks=Asks() if turns is None else Asks(limits=WorkerLimits(turns=turns)),
        servers=servers,
    )
    return Contribution(profiles=(draft,))


@reads_markdown
def read_claude_command(file: Markdown) -> Contribution | None:
    """Read one command; its `allowed-tools` pass unasked while it runs, where the profile lets them.

    All else asks but for what needs no approval in the dialect.
    """
    fields = file.fields
    # Both keys have to be asked for; what passes unasked is the first list's, and without one the second's.
    lists = [key for key in ("allowed-tools", "tool_access") if fields.take(key) is not None]
    confined = bool(lists)
    rules, unsaid = _read_rules(file, lists[0], "allow") if lists else ((), ())
    unasked = make_unasked_rules(fields.get_line(lists[0])) if lists else ()
    denies, denies_unsaid = _read_rules(file, "disallowed-tools", "deny")
    asks = _read_host_commands(file)
    hook_rules = read_hook_field(file)
    title, description = fields.get_text("name"), fields.get_text("description")
    hint, models = fields.get_text("argument-hint"), fields.get_models("model")
    agent = read_agent_field(file)
    fields.report_rest(COMMAND_KEYS, _COMMAND_REASONS)
    if file.diagnostics.has_fatal():
        return None
    draft = WorkflowDraft(
        path=file.path,
        dialect="claude",
        body=file.body,
        title=title,
        description=description,
        line=1,
        argument_hint=hint,
        rules=rules + unasked + denies + hook_rules,
        rules_default="ask" if confined else "allow",
        unsaid=unsaid + denies_unsaid,
        models=models,
        asks=asks,
        agent=agent,
    )
    return Contribution(workflows=(draft,))


def read_agent_field(file: Markdown) -> NameReference | None:
    """Read `agent`, in which a command runs, unless the workspace says that the key restricts nothing."""
    if "agent" in file.context.harmless_keys:
        return None
    name = file.fields.get_text("agent", confines=True)
    return NameReference(written=name, line=file.fields.get_line("agent")) if name else None


def read_hook_field(file: Markdown) -> tuple[RuleDraft, ...]:
    """Read `hooks` of frontmatter, of which only the denies of what they guarded stay."""
    field = file.fields.take("hooks")
    if field is None:
        return ()
    unguarded = file.context.unguarded_tools
    return read_hooks(field.value, lambda _: field.line, file.diagnostics, unguarded=unguarded)


def _read_tools(file: Markdown) -> tuple[ToolReference, ...] | None:
    field = file.fields.take("tools")
    if field is None:
        return None
    entries = read_tool_entries(field, key="tools", diagnostics=file.diagnostics, at_spaces=True)
    return read_claude_tool_list(entries or (), file.diagnostics)


def _read_rules(
    file: Markdown, key: str, effect: Effect
) -> tuple[tuple[RuleDraft, ...], tuple[UnsaidRule, ...]]:
    field = file.fields.take(key)
    if field is None:
        return (), ()
    entries = read_tool_entries(field, key=key, diagnostics=file.diagnostics, at_spaces=True)
    return read_claude_rule_list(entries or (), effect, file.diagnostics)


def _read_permission_mode(file: Markdown) -> tuple[tuple[RuleDraft, ...], tuple[UnsaidRule, ...]]:
    mode = file.fields.get_text("permissionMode", confines=True)
    line = file.fields.get_line("permissionMode")
    if mode in ("", "default"):
        return (), ()
    if mode in ("acceptEdits", "auto", "bypassPermissions"):
        message = f"the mode `{mode}` would let calls pass unasked; it changes nothing here"
        file.diagnostics.warn("policy.mode_left_out", line, message, "write allow rules for what may pass")
        return (), ()
    if mode == "plan":
        message = f"the mode `plan` becomes a deny of {', '.join(_READ_ONLY_DENIES)}"
        file.diagnostics.warn("policy.mode_as_rules", line, message, "take the mode out to let a Worker act")
        references = (ToolReference(written=mode, line=line, pattern=tool) for tool in _READ_ONLY_DENIES)
        return tuple(RuleDraft(effect="deny", tool=reference) for reference in references), ()
    message = "`permissionMode` restricts in a way that rules cannot say"
    file.diagnostics.error(
        "policy.rule_unsaid", line, message, "take it out, and write a policy in .yoi/policies"
    )
    return (), (UnsaidRule(effect="deny", written="permissionMode", line=line),)


def _read_servers(
    file: Markdown, tools: tuple[ToolReference, ...] | None
) -> tuple[tuple[ServerDraft, ...], tuple[ToolReference, ...] | None]:
    """Read `mcpServers`: inline ones are private, and an agent without a tool list is confined to the servers named."""
    field = file.fields.take("mcpServers")
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
            file.diagnostics.error("tools.unreadable", field.line, message, "write a list of names")
    place = ServerPlace(path=file.path, dialect="claude", find_line=lambda _: field.line)
    drafts = read_servers(inline, place, file.diagnostics)
    if tools is not None:
        return drafts, tools
    references = tuple(
        ToolReference(written=show_name(str(name)), line=field.line, server=str(name))
        for name in [*names, *inline]
    )
    return drafts, (*list_every_tool(field.line, servers=False), *references)


def _read_host_commands(file: Markdown) -> Asks:
    """Report commands that Claude Code would run while it renders the text; here they are text, and an ask for the shell."""
    body = file.body
    first = _HOST_COMMAND.search(body) if b"`" in body and b"!" in body else None
    if first is None:
        return Asks()
    line = file.body_line + body.count(b"\n", 0, first.start())
    count = len(_HOST_COMMAND.findall(body))
    message = f"{count} host command{'s' if count > 1 else ''} in the text stay{'' if count > 1 else 's'} text; nothing runs by itself"
    file.diagnostics.warn(
        "workflow.host_command",
        line,
        message,
        "ask the Worker in words to run it; the host decides on the shell",
    )
    return Asks(host={"shell": Ask()})
