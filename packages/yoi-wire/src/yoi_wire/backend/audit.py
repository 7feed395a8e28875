"""Audit records as the Backend shows them (K-10)."""

from typing import Any

from msgspec import Struct


class AuditView(Struct, frozen=True, kw_only=True):
    """A record; see `yoi_workspace_server.audit.AuditRecord`."""

    sequence: int
    recorded_at: str
    actor: str
    token: str
    action: str
    workspace: str
    runtime: str
    subject: str
    details: dict[str, Any]
    hash: str
