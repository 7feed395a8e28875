"""Error translation from database drivers; statements, values and addresses stay out of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from yoi_bundle.errors import YoiError
from yoi_wire.backend.errors import BackendUnavailableError, BackendUnavailableReason
from yoi_wire.errors import RequestInvalidError, StoreCorruptError

_SQLITE_REASONS: dict[str, BackendUnavailableReason] = {
    "SQLITE_BUSY": "database_busy",
    "SQLITE_LOCKED": "database_busy",
    "SQLITE_FULL": "storage_full",
    "SQLITE_CANTOPEN": "database_unreachable",
}
_POSTGRESQL_REASONS: dict[str, BackendUnavailableReason] = {
    "08": "database_unreachable",
    "28": "database_unreachable",
    "3D": "database_unreachable",
    "40": "database_busy",
    "53100": "storage_full",
    "53": "database_busy",
    "55": "database_busy",
    "57": "database_unreachable",
}
"""By SQLSTATE, or its class."""

_DATA_EXCEPTION = "22"
"""Class of the SQLSTATEs of a value that is at fault itself, such as a text with a NUL; to try again is of no use."""


@contextmanager
def translate_failures() -> Iterator[None]:
    """Raise the typed error for what the database or the way to it did.

    Raises:
        BackendUnavailableError: With a reason.
        RequestInvalidError: A value is at fault.
        StoreCorruptError: The file of a SQLite database is damaged, or is none.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise BackendUnavailableError("database_busy") from error
    except DBAPIError as error:
        raise _translate(error) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BackendUnavailableError("database_unreachable") from error


def _translate(error: DBAPIError) -> YoiError:
    """Look through the layers of wrapping for what the driver said."""
    cause: BaseException | None = error.orig
    while cause is not None:
        if isinstance(cause, sqlite3.Error):
            name = getattr(cause, "sqlite_errorname", "")
            if name in {"SQLITE_CORRUPT", "SQLITE_NOTADB"}:
                return StoreCorruptError("database")
            return BackendUnavailableError(_SQLITE_REASONS.get(name, "database_failed"))
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str) and state.startswith(_DATA_EXCEPTION):
            return RequestInvalidError("a value that no database can hold", field="value")
        if isinstance(state, str):
            reason = _POSTGRESQL_REASONS.get(state) or _POSTGRESQL_REASONS.get(state[:2])
            return BackendUnavailableError(reason or "database_failed")
        cause = cause.__cause__
    return BackendUnavailableError(
        "database_unreachable" if error.connection_invalidated else "database_failed"
    )
