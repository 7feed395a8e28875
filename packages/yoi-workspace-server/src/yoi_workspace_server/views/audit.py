"""View of audit records, for those that may read the audit (K-10)."""

from yoi_wire.backend.audit import AuditView
from yoi_workspace_server.audit import AuditRecord


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
