"""GitHub Copilot's and VS Code's agents, instructions and prompts: to profiles, prompts and workflows (B-14)."""

import re
from urllib.parse import quote

from yoi_bundle.authoring.dialects.claude.markdown import read_agent_field, read_hook_field
from yoi_bundle.authoring.dialects.copilot.tool_lists import read_copilot_tool_list
from yoi_bundle.authoring.dialects.mcp.mcp_json import ServerPlace, read_servers
from yoi_bundle.authoring.drafts.draft import (
    Contribution,
    NameReference,
    ProfileDraft,
    PromptDraft,
    RuleDraft,
    ServerDraft,
    ToolReference,
    WorkflowDraft,
)
from yoi_bundle.authoring.drafts.tool_lists import list_every_tool, read_tool_entries
from yoi_bundle.authoring.formats.field_reader import FieldReader
from yoi_bundle.authoring.formats.harmless_keys import AGENT_KEYS, COMMAND_KEYS, INSTRUCTION_KEYS
from yoi_bundle.authoring.formats.markdown import Markdown, reads_markdown
from yoi_bundle.manifest import ExactMatch

_EDITOR = "it is for the editor's own screen"
_AGENT_REASONS = {
    "handoffs": "who goes on after a Worker is for its caller",
    "target": "it chooses between two programs",
    "user-invocable": _EDITOR,
    "disable-model-invocation": "a profile says whom it may start",
    "infer": "a profile says whom it may start",
    "argument-hint": _EDITOR,
    "metadata": "a profile has no free metadata",
}
_INSTRUCTION_REASONS = {"excludeAgent": "profiles choose their prompts"}
_MODE_DENIES: dict[str, tuple[str, ...]] = {
    "ask": ("file.edit", "notebook.edit", "shell.run"),
    "plan": ("file.edit", "notebook.edit", "shell.run"),
    "edit": ("shell.run",),
}
_OUTSIDE_GLOB = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\')


@reads_markdown
def read_copilot_agent(file: Markdown) -> Contribution | None:
    """Read one `*.agent.md`; its `mcp-servers` are private to its profile."""
    fields = file.fields
    tools = _confine_agents(file, _read_tools(file))
    servers = _read_servers(file)
    rules = read_hook_field(file)
    title, description = fields.get_text("name"), fields.get_text("description")
    models = fields.get_models("model")
    fields.report_rest(AGENT_KEYS, _AGENT_REASONS)
    if file.diagnostics.has_fatal():
        return None
    draft = ProfileDraft(
        path=file.path,
        dialect="copilot",
        body=file.body,
        title=title,
        description=description,
        line=1,
        models=models,
        tools=tools,
        rules=rules,
        servers=servers,
    )
    return Contribution(profiles=(draft,))


@reads_markdown
def read_copilot_instructions(file: Markdown) -> Contribution | None:
    """Read one `*.instructions.md`; `applyTo` of everything is no condition."""
    fields = file.fields
    globs = _read_globs(file)
    title, description = _read_title(fields), fields.get_text("description")
    fields.report_rest(INSTRUCTION_KEYS, _INSTRUCTION_REASONS)
    if globs is None or file.diagnostics.has_fatal():
        return None
    draft = PromptDraft(
        path=file.path,
        dialect="copilot",
        body=file.body,
        title=title,
        description=description,
        applies_to=globs,
    )
    return Contribution(prompts=(draft,))


@reads_markdown
def read_copilot_prompt(file: Markdown) -> Contribution | None:
    """Read one `*.prompt.md`; its tools confine the workflow, and so do the modes `ask` and `edit`."""
    fields = file.fields
    tools = _read_tools(file)
    rules, agent = _read_mode(file)
    title, description = _read_title(fields), fields.get_text("description")
    hint, models = fields.get_text("argument-hint"), fields.get_models("model")
    fields.report_rest(COMMAND_KEYS, {})
    if file.diagnostics.has_fatal():
        return None
    draft = WorkflowDraft(
        path=file.path,
        dialect="copilot",
        body=file.body,
        title=title,
        description=description,
        line=1,
        argument_hint=hint,
        tools=tools,
        rules=rules,
        models=models,
        agent=agent,
    )
    return Contribution(workflows=(draft,))


def _read_title(fields: FieldReader) -> str:
    title = fields.get_text("name") or fields.get_text("title")
    fields.take("title")
    return title


def _read_tools(file: Markdown) -> tuple[ToolReference, ...] | None:
    field = file.fields.take("tools")
    if field is None:
        return None
    entries = read_tool_entries(field, key="tools", diagnostics=file.diagnostics, at_spaces=False)
    return read_copilot_tool_list(entries or (), file.diagnostics)


def _confine_agents(
    file: Markdown, tools: tuple[ToolReference, ...] | None
) -> tuple[ToolReference, ...] | None:
    """Read `agents`, the only ones that the agent may start; `*` is all."""
    field = file.fields.take("agents")
    if field is None or field.value in ("*", ["*"]):
        return tools
    names = [field.value] if isinstance(field.value, str) else field.value
    if not isinstance(names, list) or not all(
        isinstance(name, str) and 0 < len(name) <= 1024 for name in names
    ):
        file.diagnostics.error(
            "tools.unreadable", field.line, "`agents` is no list of names", "write a list of names"
        )
        return tools
    listed = tools
    if listed is None or any(reference.pattern == "*" for reference in listed):
        listed = list_every_tool(field.line, without="agent.spawn")
    elif not any(reference.pattern == "agent.spawn" for reference in listed):
        return tools
    spawns = (
        ToolReference(
            written=name,
            line=field.line,
            pattern="agent.spawn",
            where=ExactMatch(argument="profile", value=name),
        )
        for name in names
    )
    return (*(reference for reference in listed if reference.pattern != "agent.spawn"), *spawns)


def _read_servers(file: Markdown) -> tuple[ServerDraft, ...]:
    field = file.fields.take("mcp-servers")
    if field is None or field.value is None:
        return ()
    if not isinstance(field.value, dict):
        message = "`mcp-servers` is no map of servers"
        file.diagnostics.error("mcp.value_malformed", field.line, message, "write names and declarations")
        return ()
    place = ServerPlace(path=file.path, dialect="copilot", find_line=lambda _: field.line)
    return read_servers(field.value, place, file.diagnostics)


def _read_globs(file: Markdown) -> tuple[str, ...] | None:
    field = file.fields.take("applyTo")
    if field is None or field.value is None:
        return ()
    items = field.value if isinstance(field.value, list) else [field.text]
    if isinstance(field.value, dict) or not all(isinstance(item, str) for item in items):
        message = "`applyTo` is neither a text nor a list of texts, so where it applies is unknown"
        file.diagnostics.error(
            "prompt.condition_unreadable", field.line, message, "write globs with commas between them"
        )
        return None
    globs = [glob for item in items for glob in split_globs(item)]
    if "**" in globs or "**/*" in globs:
        return ()
    return tuple(dict.fromkeys(quote(glob, safe=_OUTSIDE_GLOB) for glob in globs))


def split_globs(text: str) -> list[str]:
    """Split at commas that are not within braces: `**/*.{a,b}, c` is two globs."""
    return [glob.strip() for glob in re.split(r",(?![^{]*\})", text) if glob.strip()]


def _read_mode(file: Markdown) -> tuple[tuple[RuleDraft, ...], NameReference | None]:
    """Return what a mode denies, or the agent that is named in its place."""
    fields = file.fields
    agent = fields.take("agent")
    key = "agent" if agent is not None and agent.value is not None else "mode"
    mode, line = fields.get_text(key, confines=True), fields.get_line(key)
    if mode in ("", "agent"):
        return (), None
    denied = _MODE_DENIES.get(mode)
    if denied is None:
        return (), NameReference(written=mode, line=line) if key == "mode" else read_agent_field(file)
    references = (ToolReference(written=mode, line=line, pattern=tool) for tool in denied)
    return tuple(RuleDraft(effect="deny", tool=reference) for reference in references), None
