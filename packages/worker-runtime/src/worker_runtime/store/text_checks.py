"""Which blobs were checked as text, for workspaces whose host policy asks for it (B-10)."""

from collections.abc import Iterable

import apsw

from worker_runtime.store.workspaces import encode_list


def find_unchecked_texts(connection: apsw.Connection, workspace_id: int, digests: Iterable[str]) -> list[str]:
    """Return those of the digests whose bytes are held but were never checked as text, sorted."""
    rows = connection.execute(
        "SELECT digest FROM blob WHERE workspace_id = ? AND digest IN (SELECT value FROM json_each(?)) "
        "AND NOT EXISTS (SELECT 1 FROM text_check WHERE blob_id = blob.id) ORDER BY digest",
        (workspace_id, encode_list(digests)),
    )
    return [str(row[0]) for row in rows]


def mark_texts(connection: apsw.Connection, workspace_id: int, digests: Iterable[str]) -> None:
    """Record that these blobs, as far as they are held, were checked as text."""
    connection.execute(
        "INSERT OR IGNORE INTO text_check (blob_id) SELECT id FROM blob "
        "WHERE workspace_id = ? AND digest IN (SELECT value FROM json_each(?))",
        (workspace_id, encode_list(digests)),
    )
