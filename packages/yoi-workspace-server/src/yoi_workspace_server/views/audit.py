"""View of audit records, for those that may read the audit (K-10)."""

from typing import Any

from msgspec import Struct

from yoi_workspace_server.audit import AuditRecord


class AuditView(Struct, frozen=True, kw_only=True):
    """A record; see `yoi_workspace_server.audit.AuditRecord`."""

    sequence: int
    recorded_at: str
    actor: str
    action: str
    workspace: str
    runtime: str
    subject: str
    details: dict[str, Any]


def build_audit_view(record: AuditRecord) -> AuditView:
    return AuditView(
        sequence=record.sequence,
        recorded_at=record.recorded_at,
        actor=record.actor,
        action=record.action,
        workspace=record.workspace,
        runtime=record.runtime,
        subject=record.subject,
        details=record.details,
    )
