"""The grants of one host to one workspace of one issuer, as resolution sees them: names, never paths or values."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.digest import Digest
from yoi_bundle.identifiers import (
    PORT,
    EnvironmentName,
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
)
from yoi_bundle.manifest import Access, HostCapability, ParameterValue, Policy, WorkerLimits
from yoi_bundle.manifest.canonical_struct import CanonicalStruct
from yoi_bundle.manifest.capabilities import NO_LIMITS
from yoi_bundle.manifest.plugin import Version
from yoi_bundle.manifest.tool import CommandName

Origin: TypeAlias = Annotated[
    str,
    Meta(pattern=rf"^https?://(?!-)[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::{PORT})?(?!\n)$", max_length=300),
]
"""Scheme, host and port of a URL: `https://api.example.com`."""

Consumer: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(?:model:[^\s@]+|origin:https?://[^\s@/]+|command:[^\s@]+"
        r"|plugin:[^\s@]+@[^\s@]*@sha256:[0-9a-f]{64})(?!\n)$",
        max_length=1400,
    ),
]
"""Who may receive a secret, by the names of this policy: `model:ENDPOINT`, `origin:https://HOST`,
`command:NAME`, `plugin:ID@VERSION@DIGEST` (S-10)."""

LaunchKey: TypeAlias = Annotated[
    str, Meta(pattern=r"^(?:\./)?[A-Za-z0-9%][A-Za-z0-9._~%/+-]*(?!\n)$", max_length=1100)
]
"""`./PATH` for a file of a plugin's package, else a bare command."""

ModelPattern: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
BundleRequired: TypeAlias = Literal["never", "remote", "always"]
OnNarrowing: TypeAlias = Literal["hold", "narrow", "stop"]


class SecretGrant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may have one secret."""

    to: frozenset[Consumer]


class LaunchGrant(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a bundle may start a command: argument for argument, variable for variable.

    Without this a bundle that may start `npx` could choose the package, and one that may set `API_URL` could
    send a granted secret elsewhere.

    Attributes:
        args: The command line after the command, word for word; a secret ref is written `${secret:NAME}`, a
            host parameter `${parameter:NAME}`, a plugin path `${root}/PATH` or `${data}/PATH`.
        further_args: Whether the bundle may append arguments of its own.
        env: Variables that the bundle may set.
    """

    args: tuple[str, ...] = ()
    further_args: bool = False
    env: frozenset[EnvironmentName] = frozenset()


class CommandGrant(LaunchGrant, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A command that bundles may start as an MCP server."""

    command: CommandName


class EndpointGrant(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A model endpoint that bundles may use.

    Attributes:
        url: Where it is; absent for the provider's own address.
        models: Names, with `*` for any run of characters.
        credential: The host's own credential for it, used when the bundle names none.
    """

    provider: ProviderName
    models: frozenset[ModelPattern]
    url: SafeUrl | None = None
    credential: SecretName | None = None


class HostModelGrant(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A model that this host provides under an alias."""

    provider: ProviderName
    model: ModelName
    endpoint: SafeUrl | None = None
    credential: SecretName | None = None
    parameters: dict[str, ParameterValue] = {}


class ServerGrant(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An MCP server that this host provides under a name; how it is started is bound at start, not here.

    Attributes:
        secrets: Secrets that it cannot do without.
    """

    secrets: frozenset[SecretName] = frozenset()


class PluginGrant(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Leave to run one plugin at one version and digest (S-06).

    Attributes:
        servers: What of the plugin may be started as an MCP server, and how.
    """

    id: PluginId
    version: Version
    digest: Digest
    surfaces: frozenset[SurfaceName] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    servers: dict[LaunchKey, LaunchGrant] = {}


NO_RULES = Policy()


class HostPolicy(CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one workspace of one issuer gets on this host.

    Attributes:
        bundle_required: Whether a Worker needs a bundle (S-07).
        assigned_only: Whether new Workers are confined to the assigned digest (R-11).
        on_narrowing: What happens to a Worker that a later policy would narrow (W-06).
        recheck_text: Whether text blobs are checked again when a bundle is accepted (B-10).
        endpoints: Keyed by a name that `model:NAME` consumers use.
        models: Host models by alias.
        default_model: The alias or bundle model id used when a profile leaves the choice to the host.
        commands: Keyed by a name that `command:NAME` consumers use.
        origins: Where MCP and HTTP tools may go.
        tools: The host's layer of tool policy; it always votes, and denies what no rule of it matches (S-11).
    """

    bundle_required: BundleRequired = "remote"
    assigned_only: bool = False
    on_narrowing: OnNarrowing = "hold"
    recheck_text: bool = False
    secrets: dict[SecretName, SecretGrant] = {}
    mounts: dict[MountName, Access] = {}
    network: frozenset[HostPattern] = frozenset()
    host: frozenset[HostCapability] = frozenset()
    endpoints: dict[ItemId, EndpointGrant] = {}
    models: dict[ModelName, HostModelGrant] = {}
    default_model: ModelName | None = None
    commands: dict[ItemId, CommandGrant] = {}
    origins: frozenset[Origin] = frozenset()
    servers: dict[McpToolName, ServerGrant] = {}
    parameters: frozenset[ParameterName] = frozenset()
    plugins: tuple[PluginGrant, ...] = ()
    tools: Policy = NO_RULES
    limits: WorkerLimits = NO_LIMITS


NO_POLICY = HostPolicy()
