"""Schema migration up to this version; there is no way back down (K-08)."""

from collections.abc import Iterable
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from yoi_wire.backend.errors import BackendUnavailableError
from yoi_workspace_server.store.database.address import DatabaseAddress, parse_address
from yoi_workspace_server.store.database.failures import translate_failures
from yoi_workspace_server.store.database.transactions import Database
from yoi_workspace_server.store.tables import metadata

_SCRIPTS = Path(__file__).parent.parent / "migrations"
_MIGRATION_LOCK = 0x796F6902
"""Key of PostgreSQL's advisory lock: of replicas that start at once, one migrates and the others find it done."""


async def migrate(url: str, *, target: str = "head") -> None:
    """Bring a database up to date, all of it or nothing; again changes nothing.

    Args:
        url: Of the database; the file of a SQLite one is made when it is not there, for this user alone.
        target: A revision of the schema; tests ask for the first.

    Raises:
        RequestInvalidError: The URL is of no form that is known.
        BackendUnavailableError: The database cannot be asked, is in use, or is of a newer version's schema.
    """
    address = parse_address(url)
    database = Database(address)
    try:
        database.lock()
        _prepare_file(address)
        with translate_failures():
            async with database.engines.writing.connect() as connection, connection.begin():
                await connection.run_sync(_upgrade, target)
    finally:
        await database.close()


async def verify_schema(database: Database) -> None:
    """Check that the database has this version's schema.

    Raises:
        BackendUnavailableError: It has an older or a newer one, or none.
    """
    with translate_failures():
        async with database.engines.reading.connect() as connection:
            found = await connection.run_sync(read_revision)
    scripts = ScriptDirectory(str(_SCRIPTS))
    if found == scripts.get_current_head():
        return
    raise BackendUnavailableError("schema_outdated" if _is_known(scripts, found) else "schema_newer")


def read_revision(connection: Connection) -> str | None:
    """Return the revision of a database's schema; None when it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, target: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    scripts = ScriptDirectory(str(_SCRIPTS))
    if not _is_known(scripts, read_revision(connection)):
        raise BackendUnavailableError("schema_newer")

    def list_steps(current: tuple[str, ...], context: MigrationContext) -> Iterable[MigrationStep]:
        ahead = scripts.iterate_revisions(target, current or "base", implicit_base=True)
        return [MigrationStep.upgrade_from_script(scripts.revision_map, one) for one in reversed(list(ahead))]

    with EnvironmentContext(Config(), scripts, fn=list_steps) as environment:
        environment.configure(connection=connection, target_metadata=metadata)
        environment.run_migrations()


def _is_known(scripts: ScriptDirectory, revision: str | None) -> bool:
    return revision is None or revision in {script.revision for script in scripts.walk_revisions()}


def _prepare_file(address: DatabaseAddress) -> None:
    if address.dialect == "sqlite":
        address.path.touch(mode=0o600)
