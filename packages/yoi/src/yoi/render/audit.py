"""An audit record in one line."""

from rich.text import Text

from yoi.render.console import join_text
from yoi.render.documents import shorten
from yoi_wire.backend.audit import AuditView


def make_audit_line(record: AuditView) -> Text:
    """Make `WHEN WHO ACTION WHAT (details)`."""
    subject = record.subject
    what = (record.workspace, record.runtime and f"on {record.runtime}", _name(subject))
    details = ", ".join(
        f"{name} {_name(str(value))}"
        for name, value in record.details.items()
        if value not in (None, "", [], {})
    )
    return join_text(
        (record.recorded_at, "dim"),
        " ",
        (record.action, "bold"),
        f" {' '.join(filter(None, what))}",
        f" by {record.actor}",
        (f" ({details})" if details else "", "dim"),
    )


def _name(subject: str) -> str:
    return shorten(subject) if subject.startswith("sha256:") else subject
