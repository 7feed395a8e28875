"""How our own files write asks and grants: lists of names, maps of mounts; profiles and `workspace.toml` alike."""

from msgspec import Struct

from yoi_bundle.identifiers import HostPattern, MountName, Permission, PluginId, SecretName
from yoi_bundle.manifest import (
    Access,
    Ask,
    Asks,
    Grants,
    HostCapability,
    Member,
    MountAsk,
    MountGrant,
    WorkerLimits,
)
from yoi_bundle.manifest.capabilities import NO_LIMITS


class NamedAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An ask with more than a name: `{name: REPO_TOKEN, required: true}`."""

    name: str
    required: bool = False


class MountForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    access: Access = "ro"
    required: bool = False


class AsksForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a profile asks for, as people write it; an entry of a list is a name, or a table with `required`."""

    secrets: tuple[SecretName | NamedAsk, ...] = ()
    mounts: dict[MountName, Access | MountForm] = {}
    network: tuple[HostPattern | NamedAsk, ...] = ()
    host: tuple[HostCapability | NamedAsk, ...] = ()
    plugin_permissions: dict[PluginId, tuple[Permission | NamedAsk, ...]] = {}
    limits: WorkerLimits = NO_LIMITS


class GrantsForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the workspace grants, as people write it."""

    secrets: tuple[SecretName, ...] = ()
    mounts: dict[MountName, Access] = {}
    network: tuple[HostPattern, ...] = ()
    host: tuple[HostCapability, ...] = ()
    plugin_permissions: dict[PluginId, tuple[Permission, ...]] = {}
    limits: WorkerLimits = NO_LIMITS


NO_ASKS_FORM = AsksForm()


def make_asks(form: AsksForm) -> Asks:
    """Give the manifest's form; a table's name is checked with the manifest."""
    return Asks(
        secrets=_make_each(form.secrets),
        mounts={name: _make_mount(mount) for name, mount in form.mounts.items()},
        network=_make_each(form.network),
        host=_make_each(form.host),  # type: ignore[arg-type]  # a table's name is checked with the manifest
        plugin_permissions={
            plugin: _make_each(permissions) for plugin, permissions in form.plugin_permissions.items()
        },
        limits=form.limits,
    )


def make_grants(form: GrantsForm) -> Grants:
    """Give the manifest's form."""
    return Grants(
        secrets={name: Member() for name in form.secrets},
        mounts={name: MountGrant(access=access) for name, access in form.mounts.items()},
        network={host: Member() for host in form.network},
        host={capability: Member() for capability in form.host},
        plugin_permissions={
            plugin: {permission: Member() for permission in permissions}
            for plugin, permissions in form.plugin_permissions.items()
        },
        limits=form.limits,
    )


def _make_each(entries: tuple[str | NamedAsk, ...]) -> dict[str, Ask]:
    return {
        (entry.name if isinstance(entry, NamedAsk) else entry): Ask(
            required=isinstance(entry, NamedAsk) and entry.required
        )
        for entry in entries
    }


def _make_mount(mount: Access | MountForm) -> MountAsk:
    if isinstance(mount, MountForm):
        return MountAsk(access=mount.access, required=mount.required)
    return MountAsk(access=mount)
