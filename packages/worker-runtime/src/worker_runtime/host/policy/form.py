"""Schema of the host policy file: TOML tables as an operator writes them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from worker_runtime.host.policy.bindings import IssuerName
from worker_runtime.host.policy.host_policy import (
    BundleRequired,
    Consumer,
    EndpointGrant,
    HostModelGrant,
    LaunchKey,
    ModelPattern,
    OnNarrowing,
    Origin,
)
from yoi_bundle.digest import Digest
from yoi_bundle.identifiers import (
    ArgumentName,
    EnvironmentName,
    HeaderName,
    HostPattern,
    ItemId,
    McpToolName,
    ModelName,
    MountName,
    ParameterName,
    Permission,
    PluginId,
    ProviderName,
    SafeUrl,
    SecretName,
    SurfaceName,
    WorkspaceId,
)
from yoi_bundle.manifest import Access, Effect, HostCapability, ParameterValue, WorkerLimits
from yoi_bundle.manifest.capabilities import NO_LIMITS
from yoi_bundle.manifest.plugin import Version
from yoi_bundle.manifest.tool import CommandName

RuleText = Annotated[str, Meta(min_length=1, max_length=8192)]


class Form(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A strict table."""


class MountForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mount.

    Attributes:
        path: Absolute, or relative to the policy file's directory.
    """

    path: Annotated[str, Meta(min_length=1, max_length=4096)]
    access: Access = "ro"


class LaunchForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    args: tuple[str, ...] = ()
    further_args: bool = False
    env: tuple[EnvironmentName, ...] = ()


class CommandForm(LaunchForm, frozen=True, kw_only=True, forbid_unknown_fields=True):
    command: CommandName


class EndpointForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    provider: ProviderName
    models: tuple[ModelPattern, ...]
    url: SafeUrl | None = None
    credential: SecretName | None = None

    def make_grant(self) -> EndpointGrant:
        return EndpointGrant(
            provider=self.provider,
            models=frozenset(self.models),
            url=self.url,
            credential=self.credential,
        )


class HostModelForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    provider: ProviderName
    model: ModelName
    endpoint: SafeUrl | None = None
    credential: SecretName | None = None
    parameters: dict[ArgumentName, ParameterValue] = {}

    def make_grant(self) -> HostModelGrant:
        return HostModelGrant(
            provider=self.provider,
            model=self.model,
            endpoint=self.endpoint,
            credential=self.credential,
            parameters=self.parameters,
        )


class ServerForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[EnvironmentName, str] = {}
    url: str = ""
    headers: dict[HeaderName, str] = {}


class PluginForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: PluginId
    version: Version
    digest: Digest
    surfaces: tuple[SurfaceName, ...] = ()
    permissions: tuple[Permission, ...] = ()
    servers: dict[LaunchKey, LaunchForm] = {}


class ToolsForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The host's layer of tool policy.

    Attributes:
        rules: In the textual form of `yoi_bundle.rule_text`: `allow file.read`.
    """

    default: Effect = "deny"
    rules: tuple[RuleText, ...] = ()


NO_TOOLS = ToolsForm()


class ExpectForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test of the tool rules, which `yoi policy check` runs.

    Attributes:
        call: In the textual form of `yoi_bundle.call_text`: `shell.run(command: ls)`.
    """

    call: RuleText
    verdict: Effect


class WorkspaceForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[workspace]]`; see `HostPolicy` for what its fields mean."""

    issuer: IssuerName
    id: WorkspaceId
    bundle_required: BundleRequired = "remote"
    assigned_only: bool = False
    on_narrowing: OnNarrowing = "hold"
    recheck_text: bool = False
    secrets: dict[SecretName, tuple[Consumer, ...]] = {}
    mounts: dict[MountName, MountForm] = {}
    network: tuple[HostPattern, ...] = ()
    host: tuple[HostCapability, ...] = ()
    endpoints: dict[ItemId, EndpointForm] = {}
    models: dict[ModelName, HostModelForm] = {}
    default_model: ModelName | None = None
    commands: dict[ItemId, CommandForm] = {}
    origins: tuple[Origin, ...] = ()
    servers: dict[McpToolName, ServerForm] = {}
    parameters: dict[ParameterName, str] = {}
    plugins: tuple[PluginForm, ...] = ()
    tools: ToolsForm = NO_TOOLS
    expect: tuple[ExpectForm, ...] = ()
    limits: WorkerLimits = NO_LIMITS


class PolicyForm(Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    version: Literal[1]
    workspace: tuple[WorkspaceForm, ...] = ()
