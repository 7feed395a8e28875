"""Runtimes as the Backend knows them (K-02)."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_bundle.errors import YoiError
from yoi_workspace_server.foreign_details import clean_details
from yoi_workspace_server.placement import MAX_LABELS, Label, PlacedRuntime, RuntimeKind, RuntimeName
from yoi_workspace_server.private import PrivateText

Reachability: TypeAlias = Literal["unknown", "reachable", "unreachable", "unauthenticated", "incompatible"]
AWAY: frozenset[Reachability] = frozenset({"unreachable", "unauthenticated", "incompatible"})
"""What the last try to speak to a Runtime ended with, when it has no use to ask it for a Worker."""

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


class SafeProblem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error without anybody's own words: its code, and what `clean_details` leaves of its details.

    Attributes:
        request_id: Finds the request in a Runtime's log.
        occurred_at: RFC 3339.
    """

    code: str
    retryable: bool
    occurred_at: str
    details: dict[str, Any] = {}
    request_id: str = ""


def describe_problem(error: YoiError, *, occurred_at: str, request_id: str = "") -> SafeProblem:
    """Return what may be kept and shown of an error, whoever said it."""
    return SafeProblem(
        code=error.code,
        retryable=error.retryable,
        occurred_at=occurred_at,
        details=clean_details(error.code, error.details()),
        request_id=request_id,
    )


class RegisteredRuntime(Struct, frozen=True, kw_only=True):
    """A Runtime in the registry.

    Attributes:
        name: The operator's name for it; unique.
        audience: Its own id, which tokens for it are bound to; unique.
        labels: The operator's; they decide placement. What it says of itself stands in `info`.
        connection: None for an embedded Runtime.
        info: Its latest announcement; None before the first.
        problem: Why it is not reachable.
        last_seen_at: When it last answered.
    """

    name: str
    kind: RuntimeKind
    audience: str
    labels: dict[str, str]
    connection: RuntimeConnection | None
    info: RuntimeInfo | None
    reachability: Reachability
    problem: SafeProblem | None
    last_seen_at: str | None
    added_at: str

    @property
    def placed(self) -> PlacedRuntime:
        """What placement looks at."""
        return PlacedRuntime(name=self.name, kind=self.kind, labels=self.labels)


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


class NewRuntime(Struct, frozen=True, kw_only=True):
    """A Runtime to register; see `RegisteredRuntime`."""

    name: RuntimeName
    kind: RuntimeKind
    audience: str
    labels: dict[str, str] = {}
    connection: RuntimeConnection | None = None
    info: RuntimeInfo | None = None


class RuntimeContact(Struct, frozen=True, kw_only=True):
    """What came of speaking to a Runtime.

    Attributes:
        info: Its announcement, when it was asked for and given; None leaves the former one.
    """

    name: str
    reachability: Reachability
    info: RuntimeInfo | None = None
    problem: SafeProblem | None = None
