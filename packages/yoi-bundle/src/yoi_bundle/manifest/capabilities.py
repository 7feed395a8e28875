"""What profiles ask of a host, and what the bundle grants; the two halves that resolution intersects (S-02)."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.identifiers import HostPattern, MountName, Permission, PluginId, SecretName
from yoi_bundle.manifest.canonical_struct import CanonicalStruct

Access: TypeAlias = Literal["ro", "rw"]
HostCapability: TypeAlias = Literal["shell", "git"]
READ_ONLY: Access = "ro"
Count: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]


class Member(Struct, frozen=True, forbid_unknown_fields=True):
    """Being in a set; its id is the key."""


class Ask(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A request for one thing. Without it a Worker is refused when `required`, and runs without it otherwise (S-09)."""

    required: bool = False


class MountAsk(CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A request for a mount. A required one is refused with less access too."""

    access: Access = READ_ONLY
    required: bool = False


class MountGrant(CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    access: Access = READ_ONLY


class WorkerLimits(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Bounds of one Worker; the least of all layers applies. Absent bounds nothing.

    Attributes:
        turns: Model calls.
        tokens: Input and output tokens of all calls together.
        seconds: Time from start to the last state.
    """

    turns: Count | None = None
    tokens: Count | None = None
    seconds: Count | None = None


NO_LIMITS = WorkerLimits()


class Asks(CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a profile or workflow asks for beyond its tools, prompts and models.

    Attributes:
        network: Hosts the Worker itself may reach; an MCP or HTTP tool's origin needs no entry here.
        host: Whether the Worker may use the host's shell and git.
    """

    secrets: dict[SecretName, Ask] = {}
    mounts: dict[MountName, MountAsk] = {}
    network: dict[HostPattern, Ask] = {}
    host: dict[HostCapability, Ask] = {}
    plugin_permissions: dict[PluginId, dict[Permission, Ask]] = {}
    limits: WorkerLimits = NO_LIMITS


class Grants(CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the workspace is willing to give its profiles. Silence grants nothing (S-02); limits bound."""

    secrets: dict[SecretName, Member] = {}
    mounts: dict[MountName, MountGrant] = {}
    network: dict[HostPattern, Member] = {}
    host: dict[HostCapability, Member] = {}
    plugin_permissions: dict[PluginId, dict[Permission, Member]] = {}
    limits: WorkerLimits = NO_LIMITS


NO_ASKS = Asks()
NO_GRANTS = Grants()
