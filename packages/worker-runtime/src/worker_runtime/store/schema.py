"""Schema of the database, and the migrations that lead to it.

Rows that are large (manifests, blobs, specs) stand in tables of their own and never change, because SQLite writes
a whole row anew when any column of it changes. A column named `checksum` covers the rest of its row (R-03).
"""

import apsw

from yoi_wire.errors import RuntimeIncompatibleError, StoreCorruptError

APPLICATION_ID = 0x796F6931
"""`yoi1`: tells this file from any other SQLite database."""

_VERSION_1 = """
CREATE TABLE runtime (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    id TEXT NOT NULL
) STRICT;

CREATE TABLE workspace (
    id INTEGER PRIMARY KEY,
    issuer TEXT NOT NULL,
    name TEXT NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (issuer, name)
) STRICT;

CREATE TABLE bundle (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspace (id),
    digest TEXT NOT NULL,
    revision INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    blobs INTEGER NOT NULL,
    profiles INTEGER NOT NULL,
    metadata BLOB NOT NULL,
    checksum BLOB NOT NULL,
    verified_at INTEGER NOT NULL,
    UNIQUE (workspace_id, digest)
) STRICT;
CREATE INDEX bundle_age ON bundle (workspace_id, stored_at, digest);

CREATE TABLE manifest (
    bundle_id INTEGER PRIMARY KEY REFERENCES bundle (id) ON DELETE CASCADE,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE blob (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspace (id),
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    json INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (workspace_id, digest)
) STRICT;

CREATE TABLE bundle_blob (
    bundle_id INTEGER NOT NULL REFERENCES bundle (id) ON DELETE CASCADE,
    blob_id INTEGER NOT NULL REFERENCES blob (id),
    PRIMARY KEY (bundle_id, blob_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bundle_blob_by_blob ON bundle_blob (blob_id);

CREATE TABLE quarantine (
    workspace_id INTEGER NOT NULL REFERENCES workspace (id),
    digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejection (
    workspace_id INTEGER NOT NULL REFERENCES workspace (id),
    digest TEXT NOT NULL,
    rejected_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace_id, digest)
) STRICT;

CREATE TABLE lease (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspace (id),
    holder TEXT NOT NULL,
    digest TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (workspace_id, holder, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_expiry ON lease (expires_at);

CREATE TABLE staged (
    lease_id TEXT PRIMARY KEY REFERENCES lease (id) ON DELETE CASCADE,
    size INTEGER NOT NULL,
    blobs BLOB NOT NULL,
    metadata BLOB NOT NULL,
    manifest BLOB NOT NULL
) STRICT;

CREATE TABLE assignment (
    workspace_id INTEGER PRIMARY KEY REFERENCES workspace (id),
    generation INTEGER NOT NULL,
    digest TEXT,
    revision INTEGER,
    assigned_at INTEGER NOT NULL,
    checksum BLOB NOT NULL
) STRICT;

CREATE TABLE worker (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id INTEGER NOT NULL REFERENCES workspace (id),
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    bundle_digest TEXT,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    ended_at INTEGER,
    reasons BLOB NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (workspace_id, key)
) STRICT;
CREATE INDEX worker_age ON worker (workspace_id, created_at, id);
CREATE INDEX worker_pin ON worker (workspace_id, bundle_digest) WHERE bundle_digest IS NOT NULL;

CREATE TABLE worker_pins (
    worker_number INTEGER PRIMARY KEY REFERENCES worker (number) ON DELETE CASCADE,
    worker_id TEXT NOT NULL,
    pins BLOB NOT NULL,
    checksum BLOB NOT NULL
) STRICT;

CREATE TABLE worker_spec (
    worker_number INTEGER PRIMARY KEY REFERENCES worker (number) ON DELETE CASCADE,
    spec BLOB NOT NULL,
    explanation BLOB NOT NULL,
    checksum BLOB NOT NULL
) STRICT;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    worker_number INTEGER NOT NULL REFERENCES worker (number) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (worker_number, sequence)
) STRICT;

CREATE TABLE approval (
    number INTEGER PRIMARY KEY,
    worker_number INTEGER NOT NULL REFERENCES worker (number) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    requested_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    decision TEXT,
    decided_at INTEGER,
    checksum BLOB NOT NULL
) STRICT;
CREATE INDEX approval_by_worker ON approval (worker_number);

CREATE TABLE builtin_set (
    digest TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE scrub (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    phase TEXT NOT NULL,
    position INTEGER NOT NULL,
    finished_at INTEGER NOT NULL
) STRICT;
"""

_VERSION_2 = """
CREATE TABLE text_check (
    blob_id INTEGER PRIMARY KEY REFERENCES blob (id) ON DELETE CASCADE
) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2)
"""Step n leads from `user_version` n to n + 1; each is applied in one transaction."""

SCHEMA_VERSION = len(MIGRATIONS)


def migrate(connection: apsw.Connection) -> None:
    """Bring a database to the newest schema; do nothing when it is there.

    Raises:
        RuntimeIncompatibleError: A newer program wrote it.
    """
    if connection.pragma("user_version") == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = connection.pragma("user_version")
        _verify_version(found)
        for step in MIGRATIONS[found:]:
            connection.execute(step)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", SCHEMA_VERSION)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def verify_ours(connection: apsw.Connection) -> None:
    """Check, before anything is written, that a database is new or a Runtime's own.

    Raises:
        RuntimeIncompatibleError: A newer program wrote it.
        StoreCorruptError: It is the database of another program.
    """
    found = connection.pragma("user_version")
    has_tables = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").get is not None
    if (found or has_tables) and connection.pragma("application_id") != APPLICATION_ID:
        raise StoreCorruptError("database")
    _verify_version(found)


def _verify_version(found: int) -> None:
    if found > SCHEMA_VERSION:
        raise RuntimeIncompatibleError(ours=[SCHEMA_VERSION], theirs=[found], what="schema")
