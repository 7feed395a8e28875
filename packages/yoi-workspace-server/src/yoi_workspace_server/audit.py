"""Audit: the append-only record of what was done, by whom and to what (K-10)."""

import hashlib
from contextvars import ContextVar
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

AuditAction: TypeAlias = Literal[
    "backend.restored",
    "workspace.added",
    "workspace.changed",
    "workspace.deleted",
    "bundle.published",
    "bundle.activated",
    "bundle.rolled_back",
    "bundle.revoked",
    "bundle.exported",
    "bundle.collected",
    "revision.pinned",
    "revision.unpinned",
    "activation.released",
    "activation.withheld",
    "build.failed",
    "runtime.added",
    "runtime.changed",
    "runtime.deleted",
    "generation.reset",
    "connection.read",
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
    "token.refused",
    "audit.pruned",
]

SYSTEM_ACTOR = "backend"
"""The Backend itself, acting on nobody's request."""

CURRENT_TOKEN: ContextVar[str] = ContextVar("current_token", default="")
"""Id of the API token whose request is being answered, as a log line has the request's id; empty outside of one."""


class AuditEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be recorded.

    Attributes:
        actor: The principal, or `backend`; a record also names the token of the request.
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
        token: Id of the token by which the actor acted; empty for the Backend itself, and in records of older versions.
        hash: Of this record and all before it; see `compute_record_hash`.
    """

    sequence: int
    recorded_at: str
    token: str
    hash: str


def compute_record_hash(
    previous: str, entry: AuditEntry, *, sequence: int, recorded_at: int, token: str
) -> str:
    """Return the hash of a record, chained to that of the record before: no record changes without all later hashes.

    Args:
        previous: The hash of the record before; empty for the first.
        entry: What is recorded.
        sequence: Its number.
        recorded_at: Milliseconds since 1970.
        token: Id of the token.
    """
    fields = [
        sequence,
        recorded_at,
        entry.actor,
        token,
        entry.action,
        entry.workspace,
        entry.runtime,
        entry.subject,
        entry.details,
    ]
    return hashlib.sha256(previous.encode() + msgspec.json.encode(fields, order="sorted")).hexdigest()
