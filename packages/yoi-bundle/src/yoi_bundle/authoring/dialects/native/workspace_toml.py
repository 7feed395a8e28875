"""`.yoi/workspace.toml`: what belongs to the workspace as a whole."""

from typing import Annotated

from msgspec import Meta, Struct

from yoi_bundle.authoring.dialects.native.ask_form import NO_ASKS_FORM, AsksForm, GrantsForm
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.drafts.draft import SourceFile
from yoi_bundle.authoring.formats.form import read_form
from yoi_bundle.authoring.formats.toml_document import read_toml
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.digest import Digest
from yoi_bundle.identifiers import (
    ArgumentName,
    EnvironmentName,
    HeaderName,
    ItemId,
    ModelName,
    ParameterName,
    PluginId,
    ProviderName,
    SafeUrl,
    SecretName,
    WorkspaceId,
)
from yoi_bundle.manifest import Effect, Language, ParameterValue, Project, SecretRef
from yoi_bundle.manifest.document import NO_LANGUAGE, NO_PROJECT
from yoi_bundle.manifest.item import Description, Title

FormName = Annotated[str, Meta(min_length=1, max_length=256)]


class ValueForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value that is no literal: `{secret = "NAME", prefix = "Bearer "}` or `{parameter = "REGION"}`.

    Attributes:
        flag: For an argument, what is written before the value in the same word: `--token=`.
        literal: A literal, where one is needed with a flag.
    """

    secret: SecretName | None = None
    prefix: str = ""
    parameter: ParameterName | None = None
    literal: str | None = None
    flag: str = ""


class CredentialForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    secret: SecretName
    prefix: str = ""


class ModelForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model by provider and name, or with `host` one that the host provides under an alias."""

    provider: ProviderName | None = None
    model: ModelName | None = None
    parameters: dict[ArgumentName, ParameterValue] = {}
    credential: SecretName | CredentialForm | None = None
    endpoint: SafeUrl | None = None
    host: ModelName | None = None
    title: Title = ""
    description: Description = ""


class ServerForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An MCP server: `command` for one that is started, `url` for one that is reached, `host` for the host's own."""

    command: str | None = None
    args: tuple[str | int | bool | ValueForm, ...] = ()
    env: dict[EnvironmentName, str | int | bool | ValueForm] = {}
    url: SafeUrl | None = None
    protocol: str = "streamable-http"
    headers: dict[HeaderName, str | int | bool | ValueForm] = {}
    query: dict[ArgumentName, str | int | bool | ValueForm] = {}
    host: FormName | None = None
    exposes: tuple[str, ...] | None = None
    title: Title = ""
    description: Description = ""


class HttpToolForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One HTTP request as a tool; `input_schema` is a file below `.yoi/`."""

    url: SafeUrl
    method: str = "POST"
    headers: dict[HeaderName, str | int | bool | ValueForm] = {}
    query: dict[ArgumentName, str | int | bool | ValueForm] = {}
    input_schema: str | None = None
    title: Title = ""
    description: Description = ""


class ToolsForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mcp: dict[FormName, ServerForm] = {}
    http: dict[FormName, HttpToolForm] = {}


class HostPluginForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plugin package that the host must hold: `[plugins."host:NAME"]`."""

    digest: Digest
    name: FormName
    version: str = ""
    title: Title = ""
    description: Description = ""


class SourceForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which files are read, and as what; globs over paths.

    Attributes:
        include: Files that are read; all, when empty.
        exclude: Files among them that are not.
        agents: Markdown that is read as agents, besides that in `agents` folders.
        harmless_keys: Keys of other programs' files that restrict nothing.
        unguarded_tools: Tools of ours that stay although a hook that is left out guarded them.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    harmless_keys: tuple[str, ...] = ()
    unguarded_tools: tuple[str, ...] = ()


class AllowedFindingForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A false alarm that a person has looked at; it warns from then on (B-07)."""

    rule: str
    file: str
    line_hash: str


class AllowForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Reviewed false alarms.

    Attributes:
        key: Any text; it keys the hashes of lines, so that they say nothing of the lines elsewhere.
    """

    key: str = ""
    findings: tuple[AllowedFindingForm, ...] = ()


class ExpectForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test of the workspace's rules, which every build runs.

    Attributes:
        call: In the textual form of `yoi_bundle.call_text`: `shell.run(command: git push)`.
        profile: By name; without it every profile that has the tool is tried.
    """

    call: Annotated[str, Meta(min_length=1, max_length=4096)]
    verdict: Effect
    profile: FormName | None = None


NO_TOOLS = ToolsForm()
ALL_SOURCES = SourceForm()
NOTHING_ALLOWED = AllowForm()


class WorkspaceForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file.

    Attributes:
        default_profile: Id of a profile, or `builtin:NAME`; what the selector `default` means.
        builtin_profiles: Built-in profiles to copy in, by name.
        policies: Policies that govern every profile, by name.
        asks: What every profile asks for beside its own asks.
        grants: Absent, the workspace grants what its profiles ask (B-04).
        expect: Calls with the verdicts that the rules are to give; one that they do not give is an error.
    """

    id: WorkspaceId | None = None
    default_profile: str | None = None
    builtin_profiles: tuple[ItemId, ...] = ()
    policies: tuple[str, ...] = ()
    project: Project = NO_PROJECT
    language: Language = NO_LANGUAGE
    models: dict[FormName, ModelForm] = {}
    tools: ToolsForm = NO_TOOLS
    plugins: dict[PluginId, HostPluginForm] = {}
    asks: AsksForm = NO_ASKS_FORM
    grants: GrantsForm | None = None
    source: SourceForm = ALL_SOURCES
    allow: AllowForm = NOTHING_ALLOWED
    expect: tuple[ExpectForm, ...] = ()


class WorkspaceReading(Struct, frozen=True, kw_only=True):
    """Attributes: form: None when the file is at fault; then there is no bundle, because its policies are unknown."""

    form: WorkspaceForm | None
    diagnostics: tuple[Diagnostic, ...] = ()
    lines: dict[tuple[str, ...], int] = {}


NO_WORKSPACE_FILE = WorkspaceReading(form=WorkspaceForm())


def read_workspace_toml(file: SourceFile | None) -> WorkspaceReading:
    """Read the file, strictly; a workspace without one has the defaults."""
    if file is None:
        return NO_WORKSPACE_FILE
    document = read_toml(file.data, file.path)
    if isinstance(document, Diagnostic):
        return WorkspaceReading(form=None, diagnostics=(document,))
    diagnostics = FileDiagnostics(file.path)
    form = read_form(document.values, WorkspaceForm, diagnostics, find_line=document.find_line)
    return WorkspaceReading(form=form, diagnostics=diagnostics.collect(), lines=document.lines)


def make_credential(form: SecretName | CredentialForm) -> SecretRef:
    """Give the manifest's form; the prefix is checked with the manifest."""
    if isinstance(form, CredentialForm):
        return SecretRef(name=form.secret, prefix=form.prefix)  # type: ignore[arg-type]
    return SecretRef(name=form)
