"""File kinds by path, name and shape of content; the table of `docs/guides/authoring.md` in code (B-14).

The nearest recognised folder decides, then the name, then the shape of the content. Inside a directory that holds a
`SKILL.md` everything is that skill's file, whatever its name.
"""

import posixpath
import re
from collections.abc import Callable
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct

from yoi_bundle.authoring.drafts.diagnostics import DiagnosticRule
from yoi_bundle.authoring.drafts.draft import SourceFile
from yoi_bundle.authoring.formats.json_lines import blank_comments
from yoi_bundle.authoring.source.tree import SKILL_FILE, WORKSPACE_FILE


class Kind(Enum):
    """What a file is read as; the value is the word that people see."""

    WORKSPACE = "workspace"
    NATIVE_PROFILE = "profile"
    NATIVE_PROMPT = "prompt"
    NATIVE_WORKFLOW = "workflow"
    NATIVE_POLICY = "policy"
    NATIVE_PART = "part of a native declaration"
    SKILL = "skill file"
    CLAUDE_AGENT = "Claude agent"
    AGENT_WITHOUT_FRONTMATTER = "prompt in an agents folder"
    CLAUDE_COMMAND = "Claude command"
    CLAUDE_SETTINGS = "Claude settings"
    CLAUDE_PLUGIN = "Claude plugin"
    AGENT_PLUGIN = "Agent Plugin"
    MCP_SERVERS = "MCP servers"
    HOOKS = "hooks"
    COPILOT_AGENT = "Copilot agent"
    COPILOT_INSTRUCTIONS = "Copilot instructions"
    COPILOT_PROMPT = "Copilot prompt"
    AGENT_INSTRUCTIONS = "instructions"
    LEFT_OUT = "left out"


class Classified(Struct, frozen=True, kw_only=True):
    """A file and what it is.

    Attributes:
        skill: For a skill's file, the directory of its `SKILL.md`; empty for the workspace itself.
        rule: For a file that is left out, the diagnostic's rule, with `message` and `remedy`.
    """

    file: SourceFile
    kind: Kind
    skill: str = ""
    rule: DiagnosticRule = "kind.unknown"
    message: str = ""
    remedy: str = ""


_NATIVE_KINDS: dict[tuple[str, str], Kind] = {
    ("profiles", ".md"): Kind.NATIVE_PROFILE,
    ("prompts", ".md"): Kind.NATIVE_PROMPT,
    ("workflows", ".md"): Kind.NATIVE_WORKFLOW,
    ("policies", ".toml"): Kind.NATIVE_POLICY,
    ("policies", ".yaml"): Kind.NATIVE_POLICY,
    ("policies", ".yml"): Kind.NATIVE_POLICY,
}
_INSTRUCTION_NAMES = frozenset({"AGENTS.md", "CLAUDE.md", "copilot-instructions.md"})
_SETTINGS_NAMES = frozenset({"settings.json", "settings.local.json"})
_MCP_NAMES = frozenset({".mcp.json", "mcp.json"})
_PLUGIN_KEYS = frozenset({"agents", "commands", "skills", "mcpServers", "hooks", "lspServers"})
"""Keys that say where a plugin's parts lie, as host programs write them; Agent Plugins 1.0 has none such."""
_HOOK_KEYS = frozenset({"hooks", "PreToolUse", "preToolUse", "BeforeTool", "beforeShellExecution"})
"""Keys of a file of hooks: the map of events, or an event before a call where no map is around it."""
_FOLDERS = frozenset({"agents", "commands", "skills", "hooks", "loops", "statuslines", "instructions"})
_UNSUPPORTED_FOLDERS: dict[str, str] = {
    "hooks": "hooks run commands on the host; a bundle has no place for them",
    "loops": "loops start Workers by themselves; a bundle has no place for them",
    "statuslines": "a status line runs a command on the host; a bundle has no place for it",
}
_PROGRAM_SUFFIXES = frozenset({".jsx", ".ts", ".tsx", ".vue"})
"""Of a program's own source, where `hooks` is a word of its framework."""
_UNSUPPORTED_NAMES: dict[str, str] = {
    "marketplace.json": "a marketplace lists plugins; plugins are read where they lie",
    ".lsp.json": "language servers run on the host; a bundle has no place for them",
}
_KEY = re.compile(rb"^([A-Za-z][A-Za-z_-]*)[ \t]*:", re.MULTILINE)
_AGENT_KEYS = frozenset(
    {
        b"color",
        b"disallowedTools",
        b"emoji",
        b"maxTurns",
        b"mcpServers",
        b"model",
        b"permissionMode",
        b"tools",
        b"vibe",
    }
)
_MAX_HEADER = 65_536
_HOST_REMEDY = "set it up on the host, where its operator decides"


def classify_files(
    files: tuple[SourceFile, ...], *, is_agent: Callable[[str], bool] = lambda path: False
) -> list[Classified]:
    """Give every file its kind.

    Args:
        files: All of them.
        is_agent: Tells by path of which Markdown the workspace says that it holds agents.
    """
    skills = frozenset(
        posixpath.dirname(file.path) for file in files if posixpath.basename(file.path) == SKILL_FILE
    )
    return [classify_file(file, skills, is_agent=is_agent) for file in files]


def classify_file(
    file: SourceFile, skills: frozenset[str], *, is_agent: Callable[[str], bool] = lambda path: False
) -> Classified:
    """Give one file its kind.

    Args:
        file: The file.
        skills: Directories that hold a `SKILL.md`.
        is_agent: Tells by path of which Markdown the workspace says that it holds agents.
    """
    if file.path == WORKSPACE_FILE:
        return Classified(file=file, kind=Kind.WORKSPACE)
    steps = file.path.split("/")
    skill = _find_skill(steps, skills)
    if skill is not None:
        return Classified(file=file, kind=Kind.SKILL, skill=skill)
    if steps[0] == ".yoi":
        return _classify_native(file, steps)
    suffix = posixpath.splitext(file.path)[1]
    if suffix == ".json":
        return _classify_json(file, steps)
    if suffix == ".md":
        return _classify_markdown(file, steps, is_agent=is_agent(file.path))
    folder = find_folder(steps)
    if folder in _UNSUPPORTED_FOLDERS and suffix not in _PROGRAM_SUFFIXES:
        return _unsupported(file, _UNSUPPORTED_FOLDERS[folder])
    return _unknown(file)


def find_folder(steps: list[str]) -> str:
    """Return the nearest folder above a file that says what it holds, or an empty string."""
    return next((step for step in reversed(steps[:-1]) if step in _FOLDERS), "")


def find_hook_home(path: str) -> str | None:
    """Return the directory whose agents a file of hooks holds for, by where it lies; None for one that holds nowhere.

    A plugin has `hooks/hooks.json` or `hooks.json`, a program's folder `hooks.json` or `settings.json`, `.github` a
    folder of them. Elsewhere, such as among templates, hooks hold for nobody until somebody installs them.
    """
    *steps, name = path.split("/")
    in_folder = steps[-1:] == ["hooks"]
    if in_folder:
        steps.pop()
    program = steps[-1] if steps and steps[-1].startswith(".") else ""
    holds = name == "hooks.json" or (in_folder and program == ".github")
    if not holds and (in_folder or not program or name != "settings.json"):
        return None
    return "/".join(steps[:-1] if program else steps)


def has_frontmatter(data: bytes) -> bool:
    """Tell whether a Markdown file opens with a fence."""
    first = data.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
    return first.rstrip() == b"---"


def has_shape_of_agent(data: bytes) -> bool:
    """Tell whether frontmatter is an agent's: a name, a description, and one key that only agents have.

    Pages of a site have names and descriptions too; a key that says which tools, which model or which colour does not
    stand in them. The fault of such a file is the reader's to find, so nothing is parsed here.
    """
    if not has_frontmatter(data):
        return False
    keys = frozenset(_KEY.findall(data[:_MAX_HEADER].partition(b"\n")[2].partition(b"\n---")[0]))
    return keys >= {b"name", b"description"} and not keys.isdisjoint(_AGENT_KEYS)


def _find_skill(steps: list[str], skills: frozenset[str]) -> str | None:
    """Return the nearest directory with a `SKILL.md` above a file.

    One at the workspace's top takes in only what no folder of another kind claims, or it would take in everything.
    """
    for depth in range(len(steps) - 1, 0, -1):
        directory = "/".join(steps[:depth])
        if directory in skills:
            return directory
    if "" in skills and (steps == [SKILL_FILE] or steps[0] in ("scripts", "references", "assets")):
        return ""
    return None


def _classify_native(file: SourceFile, steps: list[str]) -> Classified:
    suffix = posixpath.splitext(file.path)[1]
    if len(steps) > 2:
        kind = _NATIVE_KINDS.get((steps[1], suffix))
        if kind is not None:
            return Classified(file=file, kind=kind)
        if steps[1] == "tools":
            return Classified(file=file, kind=Kind.NATIVE_PART)
    return _unknown(
        file,
        "not one of `workspace.toml`, `profiles/*.md`, `prompts/*.md`, `workflows/*.md`, `policies/*.toml`, "
        "`skills/NAME/SKILL.md` and `tools/`",
    )


def _classify_json(file: SourceFile, steps: list[str]) -> Classified:
    name = steps[-1]
    if name == "plugin.json" and len(steps) > 1 and steps[-2] == ".claude-plugin":
        return Classified(file=file, kind=Kind.CLAUDE_PLUGIN)
    if name == "plugin.json" and len(steps) > 1 and steps[-2].startswith("."):
        return _unsupported(
            file, f"a plugin manifest of another program (`{steps[-2]}`)", "add a `plugin.json`"
        )
    if name in _UNSUPPORTED_NAMES:
        return _unsupported(file, _UNSUPPORTED_NAMES[name])
    if name in _MCP_NAMES:
        return Classified(file=file, kind=Kind.MCP_SERVERS)
    if name in _SETTINGS_NAMES and not _is_foreign(steps):
        return Classified(file=file, kind=Kind.CLAUDE_SETTINGS)
    return _classify_json_by_shape(file, steps)


def _is_foreign(steps: list[str]) -> bool:
    """Tell whether a file lies in the folder of another program than Claude Code, such as `.vscode`."""
    return len(steps) > 1 and steps[-2].startswith(".") and steps[-2] != ".claude"


def _classify_json_by_shape(file: SourceFile, steps: list[str]) -> Classified:
    keys = _read_top_keys(file.data)
    if steps[-1] == "plugin.json" and "name" in keys:
        return _classify_plugin(file, keys)
    if isinstance(keys.get("mcpServers"), dict):
        return Classified(file=file, kind=Kind.MCP_SERVERS)
    folder = find_folder(steps)
    unread = not keys and steps[-1] != "settings.json"
    if find_hook_home(file.path) is not None and (unread or not _HOOK_KEYS.isdisjoint(keys)):
        return Classified(file=file, kind=Kind.HOOKS)
    if folder in _UNSUPPORTED_FOLDERS:
        return _unsupported(file, _UNSUPPORTED_FOLDERS[folder])
    if isinstance(keys.get("permissions"), dict) and not isinstance(keys.get("version"), str):
        return Classified(file=file, kind=Kind.CLAUDE_SETTINGS)
    if steps[-1].endswith("rc.json"):
        return _unknown(file)  # settings of a linter or a compiler, which have an `env` and `plugins` too
    for key in ("hooks", "statusLine", "env", "model", "plugins", "apiKeyHelper"):
        if key in keys:
            return _unsupported(file, f"settings of a host program (`{key}`); a bundle has no place for them")
    return _unknown(file)


def _classify_plugin(file: SourceFile, keys: dict[str, Any]) -> Classified:
    """Tell apart Agent Plugins 1.0, which says so, and the form in which host programs name a plugin's parts."""
    schema = keys.get("$schema")
    if isinstance(schema, str) and schema.startswith("https://agent-plugins.org/"):
        return Classified(file=file, kind=Kind.AGENT_PLUGIN)
    if not _PLUGIN_KEYS.isdisjoint(keys):
        return Classified(file=file, kind=Kind.CLAUDE_PLUGIN)
    return Classified(
        file=file,
        kind=Kind.LEFT_OUT,
        rule="kind.unknown",
        message="names no parts of a plugin (`skills`, `agents`, …), and `$schema` does not say Agent Plugins 1.0",
        remedy="nothing to do, unless it is a plugin's: what lies beside it is read by its own place",
    )


def _read_top_keys(data: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(
            blank_comments(data.decode("utf-8")) if b"/*" in data or b"//" in data else data
        )
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _classify_markdown(file: SourceFile, steps: list[str], *, is_agent: bool) -> Classified:
    name = steps[-1]
    if name in _INSTRUCTION_NAMES:
        return Classified(file=file, kind=Kind.AGENT_INSTRUCTIONS)
    if name.endswith(".agent.md"):
        return Classified(file=file, kind=Kind.COPILOT_AGENT)
    if name.endswith(".instructions.md"):
        return Classified(file=file, kind=Kind.COPILOT_INSTRUCTIONS)
    if name.endswith(".prompt.md"):
        return Classified(file=file, kind=Kind.COPILOT_PROMPT)
    if name.upper() == "README.MD":
        return _unknown(file, "documentation for people, not for a Worker")
    folder = find_folder(steps)
    if folder in _UNSUPPORTED_FOLDERS:
        return _unsupported(file, _UNSUPPORTED_FOLDERS[folder])
    if folder == "agents" or is_agent:
        kind = Kind.CLAUDE_AGENT if has_frontmatter(file.data) else Kind.AGENT_WITHOUT_FRONTMATTER
        return Classified(file=file, kind=kind)
    if folder == "commands":
        return Classified(file=file, kind=Kind.CLAUDE_COMMAND)
    if folder == "skills":
        return _unknown(file, "a skill is a directory with a `SKILL.md`")
    if folder == "" and has_shape_of_agent(file.data):
        return Classified(file=file, kind=Kind.CLAUDE_AGENT)
    return _unknown(file)


def _unknown(file: SourceFile, message: str = "no rule of the table says what this file is") -> Classified:
    return Classified(
        file=file,
        kind=Kind.LEFT_OUT,
        rule="kind.unknown",
        message=message,
        remedy="see the table in docs/guides/authoring.md; `exclude` in workspace.toml silences this line",
    )


def _unsupported(file: SourceFile, message: str, remedy: str = _HOST_REMEDY) -> Classified:
    return Classified(
        file=file, kind=Kind.LEFT_OUT, rule="declaration.unsupported", message=message, remedy=remedy
    )
