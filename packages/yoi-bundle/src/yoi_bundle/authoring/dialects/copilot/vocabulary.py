"""GitHub Copilot's and VS Code's tool names in our vocabulary (B-14).

Source: `custom-agents-configuration` of github/docs and the custom-agent reference of VS Code, read in August 2026. A
list names the tools that exist; nothing in it says whether a call is asked about first.
"""

COPILOT_TOOL_SETS: dict[str, tuple[str, ...]] = {
    "read": ("file.read",),
    "edit": ("file.edit", "notebook.edit"),
    "search": ("file.search",),
    "execute": ("shell.run",),
    "web": ("web.fetch", "web.search"),
    "agent": ("agent.spawn",),
    "todo": ("task.track",),
}
"""An alias, alone or as `alias/*`."""

_OTHER_SETS: dict[str, tuple[str, ...]] = {
    "shell": ("shell.run",),
    "vscode": ("user.ask",),
    "runCommands": ("shell.run",),
    "runTasks": ("shell.run",),
    "runNotebooks": ("notebook.edit",),
}

_MEMBERS: dict[str, tuple[str, ...]] = {
    "read/readFile": ("file.read",),
    "read/viewImage": ("file.read",),
    "read/getNotebookSummary": ("file.read",),
    "read/readNotebookCellOutput": ("file.read",),
    "search/codebase": ("file.search",),
    "search/fileSearch": ("file.search",),
    "search/textSearch": ("file.search",),
    "search/listDirectory": ("file.search",),
    "search/usages": ("file.search",),
    "search/searchSubagent": ("file.search",),
    "edit/createDirectory": ("file.edit",),
    "edit/createFile": ("file.edit",),
    "edit/editFiles": ("file.edit",),
    "edit/rename": ("file.edit",),
    "edit/editNotebook": ("notebook.edit",),
    "edit/createJupyterNotebook": ("notebook.edit",),
    "execute/runInTerminal": ("shell.run",),
    "execute/createAndRunTask": ("shell.run",),
    "web/fetch": ("web.fetch",),
    "agent/runSubagent": ("agent.spawn",),
    "vscode/askQuestions": ("user.ask",),
}

_OLDER_NAMES: dict[str, tuple[str, ...]] = {
    "codebase": ("file.search",),
    "fileSearch": ("file.search",),
    "findTestFiles": ("file.search",),
    "listDirectory": ("file.search",),
    "textSearch": ("file.search",),
    "usages": ("file.search",),
    "readFile": ("file.read",),
    "editFiles": ("file.edit",),
    "createDirectory": ("file.edit",),
    "createFile": ("file.edit",),
    "editNotebook": ("notebook.edit",),
    "runInTerminal": ("shell.run",),
    "terminalCommand": ("shell.run",),
    "fetch": ("web.fetch",),
    "web_fetch": ("web.fetch",),
    "websearch": ("web.search",),
    "web_search": ("web.search",),
    "runSubagent": ("agent.spawn",),
    "custom-agent": ("agent.spawn",),
    "task": ("agent.spawn",),
    "todos": ("task.track",),
    "ask_user": ("user.ask",),
    "bash": ("shell.run",),
    "powershell": ("shell.run",),
    "grep": ("file.search",),
    "glob": ("file.search",),
    "view": ("file.read",),
    "create": ("file.edit",),
    "multiedit": ("file.edit",),
    "notebookread": ("file.read",),
    "notebookedit": ("notebook.edit",),
    "todowrite": ("task.track",),
    "webfetch": ("web.fetch",),
    "write": ("file.edit",),
}

COPILOT_TOOLS: dict[str, tuple[str, ...]] = {**COPILOT_TOOL_SETS, **_OTHER_SETS, **_MEMBERS, **_OLDER_NAMES}
"""Name → the tools of ours that do its work."""

COPILOT_PREFIXES: frozenset[str] = frozenset({*COPILOT_TOOL_SETS, *_OTHER_SETS})
"""`x/y` is a built-in of the program when `x` is one of these, else the tool `y` of the MCP server `x`."""

COPILOT_COMPANIONS: dict[str, str] = {
    "runTests": "shell.run",
    "execute/runTests": "shell.run",
    "execute/runTask": "shell.run",
    "execute/awaitTerminal": "shell.run",
    "execute/getTaskOutput": "shell.run",
    "execute/getTerminalOutput": "shell.run",
    "execute/killTerminal": "shell.run",
    "getTaskOutput": "shell.run",
    "getTerminalOutput": "shell.run",
}
"""Name → the tool of ours that includes it. Alone it gives nothing: running a project's tests is no whole shell."""

COPILOT_ONLY: frozenset[str] = frozenset(
    {
        "activePullRequest",
        "changes",
        "copilotCodingAgent",
        "extensions",
        "githubRepo",
        "new",
        "openSimpleBrowser",
        "problems",
        "readCellOutput",
        "renderMermaidDiagram",
        "searchResults",
        "terminalLastCommand",
        "terminalSelection",
        "testFailure",
        "think",
        "updateUserPreferences",
        "vscodeAPI",
    }
)
"""Tools of the editor itself, which a Worker has no counterpart of; so is any other member of a prefix."""
