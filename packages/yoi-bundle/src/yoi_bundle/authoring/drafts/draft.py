"""What one source file says, before names are resolved and ids given: the interface between readers and assembly.

A reader (see `reader.Reader`) is pure: it knows its format and nothing of the workspace
around it. It gives no ids and resolves no names; assembly does both, because only it sees every file. Whatever a
reader leaves out it says in a diagnostic, and a restriction that it cannot say it hands on as an `UnsaidRule`, so
that what depends on it can be left out too (leaving out never widens, B-14).
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.manifest import Asks, Dialect, Effect, HttpTool, Match, Transport
from yoi_bundle.manifest.capabilities import NO_ASKS
from yoi_bundle.manifest.plugin import SurfaceType


class SourceFile(Struct, frozen=True, kw_only=True):
    """A regular file of the workspace, as read.

    Attributes:
        path: Relative to the workspace, POSIX, as on disk; bytes that are not UTF-8 are surrogate escapes.
        data: All of its bytes.
        executable: Whether its owner may execute it.
    """

    path: str
    data: bytes
    executable: bool = False


class NameReference(Struct, frozen=True, kw_only=True):
    """A name as its author wrote it: of a model, skill, prompt, workflow, policy, plugin or profile.

    Attributes:
        line: From 1; 0 when unknown.
    """

    written: str
    line: int = 0


class ToolReference(Struct, frozen=True, kw_only=True):
    """One entry of a tool list; an entry that means several of our tools gives one for each.

    Attributes:
        written: The entry as its author wrote it.
        pattern: A pattern of our vocabulary (`file.read`, `file.*`, `*`, `mcp:*`), or empty when `server` is given.
        server: An MCP server by its local name, to be resolved by scope.
        tool: The tool of that server, already encoded by `identifiers.encode_segment`; empty for all of them.
        where: The arguments that the entry was confined to, as in `Bash(git:*)`. For `agent.spawn`, `skill.use` and
            `workflow.run` an `ExactMatch` on `profile`, `skill` or `workflow` holds the name as written.
        required: Whether a Worker without it is refused.
    """

    written: str
    line: int = 0
    pattern: str = ""
    server: str = ""
    tool: str = ""
    where: Match | None = None
    required: bool = False


class RuleDraft(Struct, frozen=True, kw_only=True):
    """One rule whose tool may still be named by a server's local name."""

    effect: Effect
    tool: ToolReference


class UnsaidRule(Struct, frozen=True, kw_only=True):
    """A restriction or permission that our vocabulary cannot say exactly.

    The reader has reported it already. A lost `allow` merely narrows; a lost `deny` or `ask` would widen, so
    assembly leaves out the policy and all that depends on it.
    """

    effect: Effect
    written: str
    line: int = 0


class Draft(Struct, frozen=True, kw_only=True):
    """What every item of a file has.

    Attributes:
        path: The file it stands in; its id comes from it.
        dialect: The format it was written in.
        line: Where it starts, from 1; 0 when it is the whole file.
    """

    path: str
    dialect: Dialect
    title: str = ""
    description: str = ""
    line: int = 0


class PolicyDraft(Draft, frozen=True, kw_only=True):
    """A layer of rules.

    Attributes:
        name: Distinguishes policies of one file; empty for the only one.
        home: The directory whose profiles and workflows it governs, empty for all of them; None governs by its name alone.
    """

    default: Effect
    name: str = ""
    home: str | None = None
    rules: tuple[RuleDraft, ...] = ()
    unsaid: tuple[UnsaidRule, ...] = ()


class ServerDraft(Draft, frozen=True, kw_only=True):
    """An MCP server.

    Attributes:
        local_name: The name under which its neighbours refer to it, as written.
        exposes: Names of the tools to take, as `ToolReference.tool`; None for all.
    """

    local_name: str
    transport: Transport
    exposes: tuple[str, ...] | None = None


class HttpToolDraft(Struct, frozen=True, kw_only=True):
    """One HTTP request as a tool.

    Attributes:
        input_schema: JSON Schema of its arguments, as bytes of canonical or author's JSON.
    """

    path: str
    local_name: str
    tool: HttpTool
    line: int = 0
    input_schema: bytes | None = None


class PromptDraft(Draft, frozen=True, kw_only=True):
    """Text for the model.

    Attributes:
        body: The bytes after the closing fence, as read; the whole file when it has no frontmatter.
        applies_to: Path globs as written; empty applies always.
    """

    body: bytes
    applies_to: tuple[str, ...] = ()


class ProfileDraft(Draft, frozen=True, kw_only=True):
    """A recipe for a Worker.

    Attributes:
        body: Its own prompt, the bytes after the closing fence.
        extends: The profile it inherits from; native profiles only.
        prompts: Further prompts, read before its own.
        models: In order of preference; empty inherits, or leaves the choice to the host.
        tools: None for all tools; a list that loses members stays a list.
        rules: Rules of its own, such as those of `disallowedTools`, with `rules_default` for what they do not match.
        unsaid: Restrictions that could not be said; a deny or ask among them leaves the profile out.
        policies: Policies by name.
        servers: MCP servers private to the profile.
        mentions: Fields that the file gives a value; the others it takes from `extends`.
    """

    body: bytes
    extends: NameReference | None = None
    prompts: tuple[NameReference, ...] = ()
    models: tuple[NameReference, ...] = ()
    model_required: bool | None = None
    tools: tuple[ToolReference, ...] | None = None
    rules: tuple[RuleDraft, ...] = ()
    rules_default: Effect = "allow"
    unsaid: tuple[UnsaidRule, ...] = ()
    policies: tuple[NameReference, ...] = ()
    skills: tuple[NameReference, ...] = ()
    workflows: tuple[NameReference, ...] = ()
    plugins: tuple[NameReference, ...] = ()
    asks: Asks = NO_ASKS
    servers: tuple[ServerDraft, ...] = ()
    language: str | None = None
    mentions: frozenset[str] = frozenset()


class WorkflowDraft(Draft, frozen=True, kw_only=True):
    """A task in words.

    Attributes:
        body: Its text; empty when it is a reference.
        url: Where the text is kept, for a reference; `digest` is what it must hash to.
        tools: None confines nothing.
        agent: The agent that another program runs it in, whose confinement holds for it too.
    """

    body: bytes = b""
    argument_hint: str = ""
    url: str = ""
    digest: str = ""
    tools: tuple[ToolReference, ...] | None = None
    rules: tuple[RuleDraft, ...] = ()
    rules_default: Effect = "allow"
    unsaid: tuple[UnsaidRule, ...] = ()
    policies: tuple[NameReference, ...] = ()
    models: tuple[NameReference, ...] = ()
    asks: Asks = NO_ASKS
    agent: NameReference | None = None


class SkillDraft(Draft, frozen=True, kw_only=True):
    """A directory of files; `path` is that of its `SKILL.md`.

    Attributes:
        files: All files of the directory, `SKILL.md` among them; the reader gets and returns them unchanged.
    """

    files: tuple[SourceFile, ...]
    license: str = ""


class SurfaceDraft(Struct, frozen=True, kw_only=True):
    name: str
    type: SurfaceType
    entry: str
    description: str = ""
    input_schema: bytes | None = None


ComponentKind: TypeAlias = Literal["agents", "commands", "skills", "mcp_servers", "hooks"]


class ComponentPath(Struct, frozen=True, kw_only=True):
    """A place inside a plugin where its manifest says components lie, relative to the plugin's root."""

    kind: ComponentKind
    path: str
    line: int = 0


class PluginDraft(Draft, frozen=True, kw_only=True):
    """A plugin's manifest file.

    Attributes:
        path: Of the manifest file.
        root: The plugin's directory, relative to the workspace; empty for the workspace itself.
        servers: Servers declared inside the manifest file.
        components: Places that the manifest names beyond the default folders.
        config: Free JSON for its code.
        permissions: What its code asks of the host; True where required.
    """

    root: str
    name: str
    version: str = ""
    servers: tuple[ServerDraft, ...] = ()
    components: tuple[ComponentPath, ...] = ()
    surfaces: tuple[SurfaceDraft, ...] = ()
    permissions: dict[str, bool] = {}
    config: bytes | None = None


class Contribution(Struct, frozen=True, kw_only=True):
    """All that one file, or one skill's directory, brings; a file that brings nothing has a diagnostic that says why."""

    profiles: tuple[ProfileDraft, ...] = ()
    workflows: tuple[WorkflowDraft, ...] = ()
    skills: tuple[SkillDraft, ...] = ()
    prompts: tuple[PromptDraft, ...] = ()
    policies: tuple[PolicyDraft, ...] = ()
    servers: tuple[ServerDraft, ...] = ()
    http_tools: tuple[HttpToolDraft, ...] = ()
    plugins: tuple[PluginDraft, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


NO_CONTRIBUTION = Contribution()
