"""Runtimes as the Backend knows them (K-02)."""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_bundle.errors import YoiError
from yoi_wire.backend.placements import RuntimeKind, RuntimeName
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.error_details import clean_details
from yoi_workspace_server.placement import PlacedRuntime

Reachability: TypeAlias = Literal["unknown", "reachable", "unreachable", "unauthenticated", "incompatible"]
AWAY: frozenset[Reachability] = frozenset({"unreachable", "unauthenticated", "incompatible"})
"""What the last try to speak to a Runtime ended with, when it has no use to ask it for a Worker."""


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
