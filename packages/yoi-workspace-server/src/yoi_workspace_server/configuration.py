"""Settings of the server from its file, its flags and its environment; the only module that reads the latter."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.identifiers import WorkspaceId
from yoi_bundle.limits import MEBIBYTE
from yoi_wire.errors import RequestInvalidError, RuntimeUnavailableError
from yoi_wire.server.server import ListenAddress
from yoi_workspace_server.reconciler.settings import ReconcilerSettings

DEFAULT_PORT = 7320
DATABASE_FILE = "backend.db"
CACHE_VARIABLE = "YOI_CACHE_DIR"

SECRETS_VARIABLE = "YOI_SECRETS_DIR"
"""These two are those of the `yoi` command: a service manager puts its credentials there, and rules are compiled once."""

DATABASE_VARIABLE = "YOI_DATABASE_URL"
"""A database's address may hold a password, which belongs neither into a file of settings nor into a command line."""


DEFAULT_WORKSPACE_BYTES = 8 * 1024 * MEBIBYTE
ByteCount: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MAX_SAFE_INTEGER)]
RevisionCount: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
DayCount: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=36_500)]


class EmbeddedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Runtime inside the server's own process.

    Attributes:
        name: What it is registered as.
        host_policy: The policy file of this host, from the settings' own directory; without one it grants nothing.
    """

    name: WorkspaceId = "embedded"
    host_policy: str = "host-policy.toml"
    labels: dict[str, str] = {}


class _SettingsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    data_directory: str | None = None
    database: str | None = None
    socket: str | None = None
    address: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    certificate: str | None = None
    private_key: str | None = None
    behind_proxy: bool = False
    host_names: tuple[str, ...] = ()
    issuer: WorkspaceId = "backend"
    identity: str | None = None
    source_roots: tuple[str, ...] = ()
    git_configuration: str | None = None
    poll_seconds: float = 30.0
    workspace_bytes: ByteCount = DEFAULT_WORKSPACE_BYTES
    keep_revisions: RevisionCount = 50
    keep_days: DayCount = 30
    embedded: EmbeddedSettings | None = None
    reconciler: ReconcilerSettings = ReconcilerSettings()


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """The settings of one server.

    Attributes:
        data_directory: Of this program alone: identity, first token, SQLite database, embedded Runtime.
        database: URL of the database.
        issuer: The name that Runtimes trust this Backend's keys under; of a new identity.
        identity: File of the keys that all replicas sign with, each with a copy of its own; it has to be there. None for
            that of the data directory, which is made at the first start.
        restored: The database came out of a backup: suspend workspaces, put tokens out of force, make a new first one.
        source_roots: Directories below which workspaces may lie; see `yoi_workspace_server.sources.reading`.
        git_configuration: For git's credential helpers.
        poll_seconds: How often sources are looked at unasked.
        workspace_bytes: How much one workspace may keep; a publication beyond it is refused.
        keep_revisions: So many of the newest revisions of a workspace are kept, whatever their age.
        keep_days: Younger revisions are kept, too, and whatever is active, pinned or in use.
        embedded: None for a server without a Runtime of its own.
        cache_directory: Of what may be deleted at any time; None for a folder of the data directory.
        secrets_directory: Of the embedded Runtime's secrets; None for the folder beside its policy.
        environment: Where the embedded Runtime's secrets, and git's program, are found.
    """

    data_directory: Path
    database: str
    listening: ListenAddress
    issuer: str = "backend"
    identity: Path | None = None
    restored: bool = False
    source_roots: tuple[Path, ...] = ()
    git_configuration: Path | None = None
    poll_seconds: float = 30.0
    workspace_bytes: int = DEFAULT_WORKSPACE_BYTES
    keep_revisions: int = 50
    keep_days: int = 30
    embedded: EmbeddedSettings | None = None
    host_policy: Path | None = None
    secrets_directory: Path | None = None
    cache_directory: Path | None = None
    reconciler: ReconcilerSettings = field(default_factory=ReconcilerSettings)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


_SETTINGS = frozenset(one.name for kind in (ServerSettings, ListenAddress) for one in fields(kind))
_PATHS = ("data_directory", "socket", "certificate", "private_key", "identity", "git_configuration")

_NEVER_EMPTY = frozenset({"data_directory", "database", "embedded", "identity", "host_policy"})
"""Flags that say nothing when they are empty."""


def load_settings(
    path: Path | None, flags: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> ServerSettings:
    """Read a TOML file; flags go before it, and paths in it are from its own directory.

    Args:
        path: The file; None for none.
        flags: By the names of the file; None counts as not given. Paths among them are from the working directory.
        environment: `YOI_DATABASE_URL` goes before both; absent for that of the process.

    Raises:
        RequestInvalidError: A setting is wrong, or there is no data directory.
        RuntimeUnavailableError: The file cannot be read.
    """
    values = dict(os.environ) if environment is None else environment
    beside = Path.cwd() if path is None else path.absolute().parent
    layers = (_read_environment(values), _read_flags(flags), _read_file(path, beside))
    chosen = _merge_layers(layers)
    if "data_directory" not in chosen:
        raise RequestInvalidError("say where the server may keep its data", field="data_directory")
    chosen["data_directory"] = Path(chosen["data_directory"]).absolute()
    chosen.setdefault("database", f"sqlite:///{chosen['data_directory'] / DATABASE_FILE}")
    if "embedded" in chosen:
        chosen.setdefault("host_policy", beside / chosen["embedded"].host_policy)
    listening = {one.name: chosen.pop(one.name) for one in fields(ListenAddress) if one.name in chosen}
    return ServerSettings(
        listening=replace(ListenAddress(port=DEFAULT_PORT), **listening), environment=values, **chosen
    )


Layer: TypeAlias = Mapping[str, Any]
"""The settings of one source, by the names of `ServerSettings` and `ListenAddress`; what it does not say is absent."""


def _merge_layers(layers: Sequence[Layer]) -> dict[str, Any]:
    """Return each setting as the first layer has it that says it; source roots are those of all layers."""
    merged = {name: value for layer in reversed(layers) for name, value in layer.items()}
    merged["source_roots"] = tuple(root for layer in layers for root in layer.get("source_roots", ()))
    return merged


def _read_environment(values: Mapping[str, str]) -> Layer:
    """Return what the environment says; a variable that is empty says nothing."""
    given = {
        "database": values.get(DATABASE_VARIABLE),
        "secrets_directory": _find_path(values, SECRETS_VARIABLE),
        "cache_directory": _find_path(values, CACHE_VARIABLE),
    }
    return {name: value for name, value in given.items() if value}


def _read_flags(flags: Mapping[str, Any]) -> Layer:
    """Return what the command line says."""
    given = {
        name: value
        for name, value in flags.items()
        if name in _SETTINGS and value is not None and (value != "" or name not in _NEVER_EMPTY)
    }
    if "embedded" in given:
        given["embedded"] = EmbeddedSettings(name=given["embedded"])
    given["source_roots"] = tuple(Path(root).absolute() for root in given.get("source_roots", ()))
    return given


def _read_file(path: Path | None, beside: Path) -> Layer:
    """Return what a settings file says, with its paths made absolute.

    Args:
        path: The file; None for none.
        beside: The directory that its paths are from.
    """
    found = msgspec.structs.asdict(_SettingsFile() if path is None else _read(path))
    given = {name: value for name, value in found.items() if value is not None}
    if not found["database"]:
        given.pop("database", None)
    paths = {name: beside / given[name] for name in _PATHS if name in given}
    return {**given, **paths, "source_roots": tuple(beside / root for root in found["source_roots"])}


def _read(path: Path) -> _SettingsFile:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_SettingsFile)
    except OSError as error:
        raise RuntimeUnavailableError("storage_failed") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalidError(f"not a settings file: {error}", field=path.name) from None


def _find_path(values: Mapping[str, str], variable: str) -> Path | None:
    given = values.get(variable)
    return Path(given).absolute() if given else None
