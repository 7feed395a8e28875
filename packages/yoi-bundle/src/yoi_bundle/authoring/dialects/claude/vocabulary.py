"""Claude Code's tool names in our vocabulary (B-14).

Source: the tools table of the Claude Code settings reference and the changelog of anthropics/claude-code, read in
August 2026. That a tool exists is one thing, said here; what a rule about it does is another, in `claude_rules`.
"""

import re

from yoi_bundle.manifest import Effect, Match, PathMatch

CLAUDE_TOOLS: dict[str, tuple[str, ...]] = {
    "Read": ("file.read",),
    "NotebookRead": ("file.read",),
    "Glob": ("file.search",),
    "Grep": ("file.search",),
    "LS": ("file.search",),
    "Edit": ("file.edit",),
    "MultiEdit": ("file.edit",),
    "Write": ("file.edit",),
    "NotebookEdit": ("notebook.edit",),
    "Bash": ("shell.run",),
    "WebFetch": ("web.fetch",),
    "WebSearch": ("web.search",),
    "Agent": ("agent.spawn",),
    "Task": ("agent.spawn",),
    "TodoRead": ("task.track",),
    "TodoWrite": ("task.track",),
    "TaskCreate": ("task.track",),
    "TaskGet": ("task.track",),
    "TaskList": ("task.track",),
    "TaskUpdate": ("task.track",),
    "AskUserQuestion": ("user.ask",),
    "Skill": ("skill.use",),
    "SlashCommand": ("workflow.run",),
}
"""Name → the tools of ours that do its work."""

CLAUDE_COMPANIONS: dict[str, str] = {
    "BashOutput": "shell.run",
    "KillBash": "shell.run",
    "KillShell": "shell.run",
    "TaskOutput": "agent.spawn",
    "TaskStop": "agent.spawn",
}
"""Name → the tool of ours that includes it. Alone it gives nothing: reading a shell's output starts no shell."""

CLAUDE_ONLY: frozenset[str] = frozenset(
    {
        "Artifact",
        "Brief",
        "Cd",
        "Config",
        "CronCreate",
        "CronDelete",
        "CronList",
        "EnterPlanMode",
        "EnterWorktree",
        "ExitPlanMode",
        "ExitWorktree",
        "LSP",
        "ListMcpResources",
        "ListMcpResourcesTool",
        "Monitor",
        "PowerShell",
        "ReadMcpResource",
        "ReadMcpResourceTool",
        "ScheduleWakeup",
        "SendMessage",
        "SendUserMessage",
        "Sleep",
        "StructuredOutput",
        "TeamCreate",
        "TeamDelete",
        "ToolSearch",
        "Workflow",
    }
)
"""Tools of Claude Code that a Worker of ours never has: a rule about one has nothing to act on."""

CLAUDE_NAMES: frozenset[str] = frozenset(CLAUDE_TOOLS) | frozenset(CLAUDE_COMPANIONS) | CLAUDE_ONLY
UNASKED_TOOLS: tuple[tuple[str, Match | None], ...] = (
    ("file.read", PathMatch(argument="path", pattern="**")),
    ("file.search", None),
    ("task.track", None),
    ("user.ask", None),
    ("agent.spawn", None),
)
"""What needs no approval there; of reads those in the working directory. Deny and ask rules come first."""

_READ_ONLY: tuple[tuple[Effect, str], ...] = (
    ("deny", "file.edit"),
    ("deny", "notebook.edit"),
    ("ask", "shell.run"),  # its commands only read, which ours cannot tell from others
)
PROGRAM_AGENTS: dict[str, tuple[tuple[Effect, str], ...]] = {
    "explore": _READ_ONLY,
    "plan": _READ_ONLY,
    **dict.fromkeys(("build", "default", "general", "generalpurpose", "main"), ()),
}
"""Agents that programs bring with them, as `plain_key` writes their names, and what each of them withholds."""


def spell_server(local_name: str, *, plugin: str = "") -> str:
    """Write an MCP server's name as it stands in `mcp__SERVER__TOOL`; a plugin's server carries the plugin's name."""
    name = f"plugin_{plugin}_{local_name}" if plugin else local_name
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)
