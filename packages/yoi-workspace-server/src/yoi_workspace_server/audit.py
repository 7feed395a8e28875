"""Audit: the append-only record of what was done, by whom and to what (K-10)."""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

AuditAction: TypeAlias = Literal[
    "workspace.added",
    "workspace.changed",
    "workspace.deleted",
    "bundle.published",
    "bundle.activated",
    "bundle.rolled_back",
    "bundle.revoked",
    "activation.released",
    "build.failed",
    "runtime.added",
    "runtime.changed",
    "runtime.deleted",
    "placement.changed",
    "placement.gained",
    "placement.lost",
    "sync.succeeded",
    "sync.failed",
    "sync.rejected",
    "sync.withdrawn",
    "worker.created",
    "worker.refused",
    "worker.controlled",
    "worker.deleted",
    "token.created",
    "token.revoked",
]

SYSTEM_ACTOR = "backend"
"""The Backend itself, acting on nobody's request."""


class AuditEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be recorded.

    Attributes:
        actor: Name of the principal, or `backend`.
        workspace: The workspace concerned; empty for none, like the two after it.
        runtime: Name of the Runtime concerned.
        subject: What it was done to: a digest, a Worker's id, a token's id.
        details: Safe for any reader of the audit; never a credential, an endpoint or a path.
    """

    actor: str
    action: AuditAction
    workspace: str = ""
    runtime: str = ""
    subject: str = ""
    details: dict[str, Any] = {}


class AuditRecord(AuditEntry, frozen=True, kw_only=True, omit_defaults=True):
    """Something that was recorded.

    Attributes:
        sequence: From 1, without gaps, in the order of the commits.
    """

    sequence: int
    recorded_at: str
