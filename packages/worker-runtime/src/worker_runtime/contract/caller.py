"""Caller: who asks; every operation takes it explicitly (R-01), and sees only what it names (R-07)."""

from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from yoi_wire.errors import ForbiddenError

Scope: TypeAlias = Literal[
    "runtime:read",
    "bundles:read",
    "bundles:write",
    "workers:create",
    "workers:control",
]
"""What a caller may do with the workspaces that it names (R-07, K-09)."""
ALL_SCOPES: frozenset[Scope] = frozenset(get_args(Scope))
"""Every scope; what the host's own operator has."""


class Caller(Struct, frozen=True, kw_only=True):
    """An authenticated caller.

    Attributes:
        kind: Whether it sits in this process or host, or across a network.
        issuer: The Backend identity on whose word it acts; `local` for the host's own operator.
        workspaces: The workspaces it may see and use.
        scopes: The operations it may use.
        subject: Which client of that issuer; leases belong to it.
    """

    kind: Literal["local", "remote"]
    issuer: str
    workspaces: frozenset[str]
    scopes: frozenset[Scope] = ALL_SCOPES
    subject: str = ""

    @property
    def key(self) -> str:
        """What a lease is kept under; never shown to others."""
        return f"{self.kind}\n{self.subject}"


LOCAL_ISSUER = "local"


def build_local_caller(*workspaces: str) -> Caller:
    """Return the host's own operator, for these workspaces."""
    return Caller(kind="local", issuer=LOCAL_ISSUER, workspaces=frozenset(workspaces))


def build_operator(issuer: str, workspaces: Iterable[str]) -> Caller:
    """Return the host's own operator, acting on what an issuer has brought to this host (J-05).

    Host policy for that issuer applies, as it does to the issuer itself.
    """
    return Caller(kind="local", issuer=issuer, workspaces=frozenset(workspaces))


def verify_scope(caller: Caller, scope: Scope) -> None:
    """Check that the caller may use an operation.

    Raises:
        ForbiddenError: Its token does not name the scope.
    """
    if scope not in caller.scopes:
        raise ForbiddenError(scope=scope)


def verify_access(caller: Caller, scope: Scope, workspace: str) -> None:
    """Check that the caller may use an operation on a workspace.

    Raises:
        ForbiddenError: Its token does not name the scope or the workspace.
    """
    verify_scope(caller, scope)
    if workspace not in caller.workspaces:
        raise ForbiddenError(workspace=workspace)
