"""Audit log of a host's operator: what was done to the store past all callers, one JSON line each, only ever appended."""

import os
from pathlib import Path
from typing import Any

import msgspec

from yoi_wire.errors import RuntimeUnavailableError

OPERATOR_LOG = "operator.log"
"""Its name in the data directory; for this user alone."""


def append_operator_record(data_directory: Path, event: str, *, at: str, **facts: Any) -> None:
    """Write down an operator's act, durably.

    Args:
        data_directory: Of the Runtime.
        event: What was done.
        at: RFC 3339.
        facts: To whom and to what; never a value that is secret.

    Raises:
        RuntimeUnavailableError: It cannot be written; the act then has to be left undone.
    """
    line = msgspec.json.encode({"at": at, "event": event, "user": os.getuid(), **facts}) + b"\n"
    try:
        descriptor = os.open(data_directory / OPERATOR_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RuntimeUnavailableError("storage_failed") from error
