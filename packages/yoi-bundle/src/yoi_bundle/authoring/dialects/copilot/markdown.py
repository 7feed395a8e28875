"""GitHub Copilot's and VS Code's agents, instructions and prompts: to profiles, prompts and workflows (B-14)."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from yoi_bundle.authoring.dialects.copilot.tool_lists import make_copilot_wishes
from yoi_bundle.authoring.dialects.mcp.mcp_json import ServerPlace, read_servers
from yoi_bundle.authoring.drafts.draft import (
    Contribution,
    ProfileDraft,
    PromptDraft,
    RuleDraft,
    ServerDraft,
    SourceFile,
    ToolWish,
    WorkflowDraft,
)
from yoi_bundle.authoring.drafts.file_diagnostics import Remarks
from yoi_bundle.authoring.drafts.tool_names import read_tool_entries
from yoi_bundle.authoring.drafts.tool_references import list_every_tool
from yoi_bundle.authoring.formats.field_reader import FieldReader
from yoi_bundle.authoring.formats.frontmatter import (
    Frontmatter,
    FrontmatterField,
    read_frontmatter,
    split_frontmatter,
)
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import ExactMatch

_EDITOR = "it is for the editor's own screen"
_AGENT_REASONS = {
    "handoffs": "who goes on after a Worker is for its caller",
    "target": "it chooses between two programs",
    "user-invocable": _EDITOR,
    "disable-model-invocation": "a profile says whom it may start",
    "infer": "a profile says whom it may start",
    "argument-hint": _EDITOR,
    "hooks": "hooks run commands on the host",
    "metadata": "a profile has no free metadata",
    "mode": "it is a key of another program",
    "hidden": "it is a key of another program",
}
_INSTRUCTION_REASONS = {"excludeAgent": "profiles choose their prompts"}
_MODE_DENIES: dict[str, tuple[str, ...]] = {
    "ask": ("file.edit", "notebook.edit", "shell.run"),
    "plan": ("file.edit", "notebook.edit", "shell.run"),
    "edit": ("shell.run",),
}
_OUTSIDE_GLOB = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\')


def read_copilot_agent(file: SourceFile, *, limits: Limits = DEFAULT_LIMITS) -> Contribution:
    """Read one `*.agent.md`; its `mcp-servers` are private to its profile."""
    remarks = Remarks(file.path)
    parts, found = _open(file, limits, remarks)
    if found is None:
        return Contribution(diagnostics=remarks.collect())
    fields = FieldReader(found, remarks)
    tools = _read_tools(fields, file.path, remarks)
    tools = _confine_agents(fields, tools, remarks)
    servers = _read_servers(fields, file.path, remarks)
    title, description, models = (
        fields.get_text("name"),
        fields.get_text("description"),
        fields.get_models("model"),
    )
    fields.report_rest(_AGENT_REASONS)
    if _has_fatal(remarks):
        return Contribution(diagnostics=remarks.collect())
    draft = ProfileDraft(
        path=file.path,
        dialect="copilot",
        body=parts.body,
        title=title,
        description=description,
        line=1,
        models=models,
        tools=tools,
        servers=servers,
    )
    return Contribution(profiles=(draft,), diagnostics=remarks.collect())


def read_copilot_instructions(file: SourceFile, *, limits: Limits = DEFAULT_LIMITS) -> Contribution:
    """Read one `*.instructions.md`; `applyTo` of everything is no condition."""
    remarks = Remarks(file.path)
    parts, found = _open(file, limits, remarks)
    if found is None:
        return Contribution(diagnostics=remarks.collect())
    fields = FieldReader(found, remarks)
    globs = _read_globs(fields.take("applyTo"), remarks)
    title, description = fields.get_text("name") or fields.get_text("title"), fields.get_text("description")
    fields.take("title")
    fields.report_rest(_INSTRUCTION_REASONS)
    if globs is None or _has_fatal(remarks):
        return Contribution(diagnostics=remarks.collect())
    draft = PromptDraft(
        path=file.path,
        dialect="copilot",
        body=parts.body,
        title=title,
        description=description,
        applies_to=globs,
    )
    return Contribution(prompts=(draft,), diagnostics=remarks.collect())


def read_copilot_prompt(file: SourceFile, *, limits: Limits = DEFAULT_LIMITS) -> Contribution:
    """Read one `*.prompt.md`; its tools confine the workflow, and so do the modes `ask` and `edit`."""
    remarks = Remarks(file.path)
    parts, found = _open(file, limits, remarks)
    if found is None:
        return Contribution(diagnostics=remarks.collect())
    fields = FieldReader(found, remarks)
    tools = _read_tools(fields, file.path, remarks)
    rules = _read_mode(fields, remarks)
    title, description = fields.get_text("name") or fields.get_text("title"), fields.get_text("description")
    hint, models = fields.get_text("argument-hint"), fields.get_models("model")
    fields.take("title")
    fields.report_rest({})
    if _has_fatal(remarks):
        return Contribution(diagnostics=remarks.collect())
    draft = WorkflowDraft(
        path=file.path,
        dialect="copilot",
        body=parts.body,
        title=title,
        description=description,
        line=1,
        argument_hint=hint,
        tools=tools,
        rules=rules,
        models=models,
    )
    return Contribution(workflows=(draft,), diagnostics=remarks.collect())


def _open(
    file: SourceFile, limits: Limits, remarks: Remarks
) -> tuple[Frontmatter, Mapping[str, FrontmatterField] | None]:
    parts = split_frontmatter(file.data)
    reading = read_frontmatter(parts, file=file.path, limits=limits)
    remarks.extend(reading.diagnostics)
    return parts, reading.fields


def _has_fatal(remarks: Remarks) -> bool:
    """Tell whether there was an error beyond those of servers, which are left out alone."""
    return any(one.severity == "error" and not one.rule.startswith("mcp.") for one in remarks.collect())


def _read_tools(fields: FieldReader, path: str, remarks: Remarks) -> tuple[ToolWish, ...] | None:
    field = fields.take("tools")
    if field is None:
        return None
    found = read_tool_entries(field, key="tools", file=path, at_spaces=False)
    remarks.extend(found.diagnostics)
    return make_copilot_wishes(found.entries or (), remarks)


def _confine_agents(
    fields: FieldReader, tools: tuple[ToolWish, ...] | None, remarks: Remarks
) -> tuple[ToolWish, ...] | None:
    """Read `agents`, the only ones that the agent may start; `*` is all."""
    field = fields.take("agents")
    if field is None or field.value in ("*", ["*"]):
        return tools
    names = [field.value] if isinstance(field.value, str) else field.value
    if not isinstance(names, list) or not all(
        isinstance(name, str) and 0 < len(name) <= 1024 for name in names
    ):
        remarks.error("tools.unreadable", field.line, "`agents` is no list of names", "write a list of names")
        return tools
    listed = tools
    if listed is None or any(wish.pattern == "*" for wish in listed):
        listed = list_every_tool(field.line, without="agent.spawn")
    elif not any(wish.pattern == "agent.spawn" for wish in listed):
        return tools
    spawns = (
        ToolWish(
            written=name,
            line=field.line,
            pattern="agent.spawn",
            where=ExactMatch(argument="profile", value=name),
        )
        for name in names
    )
    return (*(wish for wish in listed if wish.pattern != "agent.spawn"), *spawns)


def _read_servers(fields: FieldReader, path: str, remarks: Remarks) -> tuple[ServerDraft, ...]:
    field = fields.take("mcp-servers")
    if field is None or field.value is None:
        return ()
    if not isinstance(field.value, dict):
        message = "`mcp-servers` is no map of servers"
        remarks.error("mcp.value_malformed", field.line, message, "write names and declarations")
        return ()
    place = ServerPlace(path=path, dialect="copilot", find_line=lambda _: field.line)
    drafts, diagnostics = read_servers(field.value, place)
    remarks.extend(diagnostics)
    return drafts


def _read_globs(field: FrontmatterField | None, remarks: Remarks) -> tuple[str, ...] | None:
    if field is None or field.value is None:
        return ()
    items = field.value if isinstance(field.value, list) else [field.text]
    if isinstance(field.value, dict) or not all(isinstance(item, str) for item in items):
        message = "`applyTo` is neither a text nor a list of texts, so where it applies is unknown"
        remarks.error(
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


def _read_mode(fields: FieldReader, remarks: Remarks) -> tuple[RuleDraft, ...]:
    agent = fields.take("agent")
    key = "agent" if agent is not None and agent.value is not None else "mode"
    mode, line = fields.get_text(key, confines=True), fields.get_line(key)
    if mode in ("", "agent"):
        return ()
    denied = _MODE_DENIES.get(mode)
    if denied is None:
        message = f"`{key}` names another agent and is left out: a workflow runs in the Worker that was asked"
        remarks.note("frontmatter.unmapped_key", line, message, "list the workflow in that agent's profile")
        return ()
    wishes = (ToolWish(written=mode, line=line, pattern=tool) for tool in denied)
    return tuple(RuleDraft(effect="deny", tool=wish) for wish in wishes)
