"""Audit records as the Backend shows them (K-10)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from yoi_bundle.canonical import MAX_SAFE_INTEGER


class AuditView(Struct, frozen=True, kw_only=True):
    """A record; see `yoi_workspace_server.audit.AuditRecord`."""

    sequence: int
    recorded_at: str
    actor: str
    token: str = ""
    action: str
    workspace: str
    runtime: str
    subject: str
    details: dict[str, Any]
    hash: str = ""


class PruneRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The records to take out of the audit, which the caller has exported.

    Attributes:
        through: Sequence of the last of them.
        hash: Of that record.
    """

    through: Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]
    hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$", max_length=64)]
