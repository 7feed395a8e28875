"""Workspaces: what everything else in the store is keyed by (R-07)."""

from collections.abc import Iterable

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.store.checksum import compute_checksum


class WorkspaceRow(Struct, frozen=True, kw_only=True):
    """A workspace some issuer has used here."""

    id: int
    issuer: str
    name: str


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


def find_workspace(connection: apsw.Connection, issuer: str, name: str) -> int | None:
    found: int | None = connection.execute(
        "SELECT id FROM workspace WHERE issuer = ? AND name = ?", (issuer, name)
    ).get
    return found


def find_workspaces(connection: apsw.Connection, issuer: str, names: Iterable[str]) -> dict[int, str]:
    """Return row id → name of those workspaces of the issuer that are known here."""
    rows = connection.execute(
        "SELECT id, name FROM workspace WHERE issuer = ? AND name IN (SELECT value FROM json_each(?))",
        (issuer, encode_list(names)),
    )
    return {int(row[0]): str(row[1]) for row in rows}


def list_workspaces(connection: apsw.Connection) -> list[WorkspaceRow]:
    rows = connection.execute("SELECT id, issuer, name FROM workspace ORDER BY issuer, name")
    return [WorkspaceRow(id=row[0], issuer=row[1], name=row[2]) for row in rows]


def encode_list(values: Iterable[str] | Iterable[int]) -> str:
    """Write values as JSON for `json_each`, SQLite's way to take a list as one argument."""
    return msgspec.json.encode(sorted(values)).decode()
