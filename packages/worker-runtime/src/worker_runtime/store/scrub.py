"""Background scrub of the store: read everything, bit by bit, before somebody needs it (R-03)."""

from typing import Literal, TypeAlias, cast

import apsw
from msgspec import Struct

from worker_runtime.store.bundles import DamagedKind, put_quarantine
from worker_runtime.store.checksum import RECORD_TABLES, find_damaged_records
from worker_runtime.store.connection import Database
from yoi_bundle.digest import compute_digest
from yoi_wire.errors import StoreCorruptError

Phase: TypeAlias = Literal["manifest", "blob", "records", "structure"]
PHASES: tuple[Phase, ...] = ("manifest", "blob", "records", "structure")
DEFAULT_STEP_BYTES = 8 * 1024 * 1024
_STEP_ROWS = 500


class ScrubStep(Struct, frozen=True, kw_only=True):
    """What one step found.

    Attributes:
        phase: What was read.
        checked: Objects read.
        quarantined: Digests of manifests and blobs found damaged by this step.
        damaged_records: Kinds of damaged records, such as `worker`; these need a repair.
        finished: Whether this step ended a round over everything.
    """

    phase: Phase
    checked: int = 0
    quarantined: tuple[str, ...] = ()
    damaged_records: tuple[str, ...] = ()
    finished: bool = False


class _Found(Struct, frozen=True):
    """A manifest or blob, and its length or, when read, whether it is sound."""

    position: int
    workspace_id: int
    digest: str


_NEXT: dict[str, str] = {
    "manifest": "SELECT b.id, b.workspace_id, b.digest, length(m.bytes) FROM bundle b "
    "LEFT JOIN manifest m ON m.bundle_id = b.id WHERE b.id > ? ORDER BY b.id LIMIT ?",
    "blob": "SELECT id, workspace_id, digest, length(bytes) FROM blob WHERE id > ? ORDER BY id LIMIT ?",
}
_READ: dict[str, str] = {
    "manifest": "SELECT bytes FROM manifest WHERE bundle_id = ?",
    "blob": "SELECT bytes FROM blob WHERE id = ?",
}


def _is_sound(connection: apsw.Connection, kind: DamagedKind, one: _Found) -> bool:
    """Tell whether bytes hash to their digest; what was deleted meanwhile is sound."""
    row = connection.execute(_READ[kind], (one.position,)).fetchone()
    if row is None:
        table = "bundle" if kind == "manifest" else "blob"
        return connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (one.position,)).get is None  # noqa: S608
    return compute_digest(row[0]) == one.digest


def _move_on(connection: apsw.Connection, phase: Phase, position: int, now: int, *, ended: bool) -> None:
    following = PHASES[(PHASES.index(phase) + 1) % len(PHASES)] if ended else phase
    connection.execute(
        "REPLACE INTO scrub (id, phase, position, finished_at) VALUES (1, ?, ?, ?)",
        (following, 0 if ended else position, now),
    )


_SMALL_TABLES = (
    "runtime",
    "workspace",
    "bundle",
    "manifest",
    "assignment",
    "lease",
    "quarantine",
    "worker",
    "worker_pins",
    "worker_spec",
    "approval",
)
"""Blobs and events may be many; the background scrub reads them, and every read of one checks it."""

_NOT_AT_START = frozenset({"event"})


def find_structural_damage(connection: apsw.Connection) -> list[str]:
    """Return kinds of records or structures that are damaged; empty for a store that can be served.

    Raises:
        StoreCorruptError: The database cannot even be read that far.
    """
    for table in _SMALL_TABLES:
        if connection.execute(f"PRAGMA integrity_check('{table}')").get != "ok":
            return ["database"]
    return [
        table.kind
        for table in RECORD_TABLES
        if table.kind not in _NOT_AT_START and find_damaged_records(connection, table)[1]
    ]


def list_held_bundles(connection: apsw.Connection) -> list[tuple[str, str, str]]:
    """Return issuer, workspace and digest of every bundle that is assigned, or pinned by a live Worker."""
    rows = connection.execute(
        "SELECT issuer, name, digest FROM assignment JOIN workspace ON workspace.id = workspace_id "
        "WHERE digest IS NOT NULL UNION SELECT issuer, name, bundle_digest FROM worker "
        "JOIN workspace ON workspace.id = workspace_id WHERE bundle_digest IS NOT NULL AND ended_at IS NULL"
    )
    return [(str(row[0]), str(row[1]), str(row[2])) for row in rows]


def _scrub_objects(
    database: Database, kind: DamagedKind, position: int, now: int, max_bytes: int
) -> ScrubStep:
    found: list[_Found] = []
    damaged: list[_Found] = []
    read = 0
    with database.read() as connection:
        rows = connection.execute(_NEXT[kind], (position, _STEP_ROWS)).fetchall()
        for row in rows:
            one = _Found(cast("int", row[0]), cast("int", row[1]), str(row[2]))
            found.append(one)
            if not _is_sound(connection, kind, one):
                damaged.append(one)
            read += int(row[3] or 0)
            if read >= max_bytes:
                break
    ended = len(found) == len(rows) < _STEP_ROWS
    with database.write() as connection:
        confirmed = [one for one in damaged if not _is_sound(connection, kind, one)]
        for one in confirmed:
            put_quarantine(connection, one.workspace_id, one.digest, kind, now=now)
        if kind == "manifest":
            sound = [(now, one.position) for one in found if one not in damaged]
            connection.executemany("UPDATE bundle SET verified_at = ? WHERE id = ?", sound)
        _move_on(connection, kind, found[-1].position if found else position, now, ended=ended)
    return ScrubStep(phase=kind, checked=len(found), quarantined=tuple(one.digest for one in confirmed))


def _scrub_records(database: Database, position: int, now: int) -> ScrubStep:
    table = RECORD_TABLES[position]
    with database.read() as connection:
        checked, damaged = find_damaged_records(connection, table)
    ended = position + 1 == len(RECORD_TABLES)
    with database.write() as connection:
        _move_on(connection, "records", position + 1, now, ended=ended)
    return ScrubStep(phase="records", checked=checked, damaged_records=(table.kind,) if damaged else ())


def _scrub_structure(database: Database, now: int) -> ScrubStep:
    damaged: tuple[str, ...] = ()
    try:
        with database.read() as connection:
            if connection.execute("PRAGMA integrity_check(1)").get != "ok":
                damaged = ("database",)
    except StoreCorruptError:
        damaged = ("database",)
    with database.write() as connection:
        _move_on(connection, "structure", 0, now, ended=True)
    return ScrubStep(phase="structure", checked=1, damaged_records=damaged, finished=True)


def scrub_step(database: Database, *, now: int, max_bytes: int = DEFAULT_STEP_BYTES) -> ScrubStep:
    """Go on with the round where the last step ended; at least one object is read.

    The place is durable, so that a round ends also on a Runtime that is restarted often.
    """
    with database.read() as connection:
        row = connection.execute("SELECT phase, position FROM scrub").fetchone()
    phase, position = row if row is not None else (PHASES[0], 0)
    match phase:
        case "manifest" | "blob":
            return _scrub_objects(database, phase, position, now, max_bytes)
        case "records":
            return _scrub_records(database, position, now)
        case _:
            return _scrub_structure(database, now)
