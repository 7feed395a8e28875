"""Id of the Runtime: as old as its store, and kept by a repair (R-08)."""

import apsw

from worker_runtime.store.connection import Database


def get_runtime_id(database: Database, new_id: str) -> str:
    """Return the store's id; a store that has none yet gets `new_id`."""
    with database.read() as connection:
        found = _find(connection)
    if found is not None:
        return found
    with database.write() as connection:
        connection.execute("INSERT OR IGNORE INTO runtime (number, id) VALUES (1, ?)", (new_id,))
        return str(_find(connection))


def _find(connection: apsw.Connection) -> str | None:
    found: str | None = connection.execute("SELECT id FROM runtime").get
    return found
