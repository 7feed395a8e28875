"""Rows of workspaces, what each uses, and the Runtime's own id."""

from collections.abc import Iterable

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.store.checksum import compute_checksum
from worker_runtime.store.connection import Database
from worker_runtime.store.retention import Retention


class WorkspaceRow(Struct, frozen=True, kw_only=True):
    """A workspace some issuer has used here."""

    id: int
    issuer: str
    name: str


def find_workspace(connection: apsw.Connection, issuer: str, name: str) -> int | None:
    found: int | None = connection.execute(
        "SELECT id FROM workspace WHERE issuer = ? AND name = ?", (issuer, name)
    ).get
    return found


def list_workspaces(connection: apsw.Connection) -> list[WorkspaceRow]:
    rows = connection.execute("SELECT id, issuer, name FROM workspace ORDER BY issuer, name")
    return [WorkspaceRow(id=row[0], issuer=row[1], name=row[2]) for row in rows]


def encode_list(values: Iterable[str] | Iterable[int]) -> str:
    """Write values as JSON for `json_each`, SQLite's way to take a list as one argument."""
    return msgspec.json.encode(sorted(values)).decode()


def _find(connection: apsw.Connection) -> str | None:
    found: str | None = connection.execute("SELECT id FROM runtime").get
    return found


class Usage(Struct, frozen=True, kw_only=True):
    """What holds a bundle at one instant.

    Attributes:
        workers: Ids of live Workers, and of ended ones whose pin still holds; sorted.
    """

    assigned: bool
    leased: bool
    workers: tuple[str, ...]


def compute_usage(
    connection: apsw.Connection, workspace_id: int, digest: str, *, retention: Retention, now: int
) -> Usage:
    """Return what holds a bundle now."""
    assigned = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM assignment WHERE workspace_id = ? AND digest = ?)",
        (workspace_id, digest),
    ).get
    leased = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM lease WHERE workspace_id = ? AND digest = ? AND expires_at > ?)",
        (workspace_id, digest, now),
    ).get
    workers = connection.execute(
        "SELECT id FROM worker WHERE workspace_id = ? AND bundle_digest = ? AND (ended_at IS NULL OR ended_at > ?) "
        "ORDER BY id",
        (workspace_id, digest, now - retention.ended_pin_milliseconds),
    )
    return Usage(assigned=bool(assigned), leased=bool(leased), workers=tuple(str(row[0]) for row in workers))


def put_workspace(connection: apsw.Connection, issuer: str, name: str) -> int:
    """Return the row id of a workspace, which there is afterwards."""
    found = find_workspace(connection, issuer, name)
    if found is not None:
        return found
    connection.execute(
        "INSERT INTO workspace (issuer, name, checksum) VALUES (?, ?, ?)",
        (issuer, name, compute_checksum("workspace", issuer, name)),
    )
    return connection.last_insert_rowid()


def find_workspaces(connection: apsw.Connection, issuer: str, names: Iterable[str]) -> dict[int, str]:
    """Return row id → name of those workspaces of the issuer that are known here."""
    rows = connection.execute(
        "SELECT id, name FROM workspace WHERE issuer = ? AND name IN (SELECT value FROM json_each(?))",
        (issuer, encode_list(names)),
    )
    return {int(row[0]): str(row[1]) for row in rows}


def get_runtime_id(database: Database, new_id: str) -> str:
    """Return the store's id; a store that has none yet gets `new_id`."""
    with database.read() as connection:
        found = _find(connection)
    if found is not None:
        return found
    with database.write() as connection:
        connection.execute("INSERT OR IGNORE INTO runtime (number, id) VALUES (1, ?)", (new_id,))
        return str(_find(connection))
