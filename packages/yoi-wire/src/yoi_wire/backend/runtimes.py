"""Registered Runtimes: what the Backend takes, and what it shows (K-02)."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from yoi_wire.backend.placements import MAX_LABELS, Label, RuntimeName
from yoi_wire.backend.problems import ProblemView
from yoi_wire.private import PrivateText


class AnnouncementView(Struct, frozen=True, kw_only=True):
    """What a Runtime says of itself (R-08).

    Attributes:
        labels: Its own word; they decide nothing.
        builtin_digest: Of its built-in profiles.
    """

    version: str
    api_versions: tuple[int, ...]
    schema_versions: tuple[int, ...]
    features: tuple[str, ...]
    limits: dict[str, int]
    resolver_version: str
    builtin_digest: str | None
    builtin_profiles: tuple[str, ...]
    labels: dict[str, str]


class RuntimeView(Struct, frozen=True, kw_only=True):
    """A Runtime in the registry; see `yoi_workspace_server.runtimes.RegisteredRuntime`.

    Attributes:
        id: What tokens for it are bound to.
        labels: The operator's; they decide placement.
        announcement: None before the first.
    """

    name: str
    kind: str
    id: str
    labels: dict[str, str]
    reachability: str
    last_seen_at: str | None
    added_at: str
    announcement: AnnouncementView | None
    problem: ProblemView | None


class ConnectionView(Struct, frozen=True, kw_only=True):
    """How a Runtime is dialled, for those alone whose token names `runtimes:connection`.

    It is no view for browsers: its fields are what every other one leaves out.
    """

    name: str
    kind: str
    url: PrivateText
    authority: PrivateText
    fingerprint: PrivateText
    socket: PrivateText


RuntimeId: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+(?!\n)$", max_length=128)]
RuntimeLabels: TypeAlias = Annotated[dict[Label, Label], Meta(max_length=MAX_LABELS)]


class RuntimeConnection(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the Backend dials a Runtime; nothing of it ever leaves but to those who may see connections.

    Attributes:
        url: The API's root.
        authority: Certificates to trust for it, in PEM form; empty for those of the host.
        fingerprint: Of the one certificate to accept; empty for any that is trusted.
        socket: Path of a Unix socket to dial instead of the URL's host; empty for none.
    """

    url: PrivateText
    authority: PrivateText = ""
    fingerprint: PrivateText = ""
    socket: PrivateText = ""


class RuntimeAddition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A remote Runtime that somebody asks to register; see `RegisteredRuntime`."""

    name: RuntimeName
    audience: RuntimeId
    connection: RuntimeConnection
    labels: RuntimeLabels = {}


class RuntimeChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change in a Runtime; None leaves a field as it is."""

    labels: RuntimeLabels | None = None
    connection: RuntimeConnection | None = None
