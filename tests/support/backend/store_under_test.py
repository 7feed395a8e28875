"""A store of the Backend on a fresh database, with short ways to fill it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import make_url

from support.backend.real_postgresql import PostgresqlServer
from support.runtime.manual_clock import START
from yoi_bundle.digest import compute_digest
from yoi_bundle.metadata import Provenance
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.backend.workspaces import NewWorkspace, PublishedSource
from yoi_workspace_server.revisions import Revision
from yoi_workspace_server.runtimes import NewRuntime
from yoi_workspace_server.store.database.migration import migrate
from yoi_workspace_server.store.store import Store, open_store
from yoi_workspace_server.sync_status import Claim, PairKey, PairStatus, Settlement

Answer = TypeVar("Answer")

DIALECTS = ("sqlite", "postgresql")
PROVENANCE = Provenance(kind="api", builder="tests", builder_version="1")
ANYWHERE = PlacementRule(id="anywhere", effect="allow", workspaces=("library",), runtimes=("*",))


class DatabaseMaker:
    """Makes databases of one kind; those with the schema are copies of one that was migrated once."""

    def __init__(self, directory: Path, server: PostgresqlServer | None) -> None:
        self._directory = directory
        self._server = server
        self._numbers = count(1)
        self._template = self.create_empty()
        asyncio.run(migrate(self._template))

    def create_empty(self) -> str:
        """Return the URL of a database without any table."""
        if self._server is not None:
            return self._server.create_database()
        return f"sqlite:///{self._directory / f'{next(self._numbers)}.db'}"

    def create(self) -> str:
        """Return the URL of an empty database with the schema."""
        if self._server is None:
            url = self.create_empty()
            shutil.copyfile(str(make_url(self._template).database), str(make_url(url).database))
            return url
        return self._server.create_database(template=str(make_url(self._template).database))

    def drop(self, url: str) -> None:
        """Delete a database; a file goes with its directory."""
        if self._server is not None:
            self._server.drop_database(url)


class StoreUnderTest:
    """A store, an event loop for it, and the instant at which everything happens unless said otherwise."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.now = START
        self._runner = asyncio.Runner()
        self.store = open_store(url)
        self._others: list[Store] = []
        self.run(self.store.start())

    @property
    def dialect(self) -> str:
        return make_url(self.url).get_backend_name()

    def run(self, question: Coroutine[Any, Any, Answer]) -> Answer:
        return self._runner.run(question)

    def open_replica(self) -> Store:
        """Return the store of another replica; SQLite serves one process, whose tasks stand in for replicas."""
        if self.dialect == "sqlite":
            return self.store
        other = open_store(self.url)
        self._others.append(other)
        self.run(other.start())
        return other

    def close(self) -> None:
        for store in (*self._others, self.store):
            self.run(store.close())
        self._runner.close()

    def add_workspace(self, workspace: str = "library", *, automatic: bool = True) -> None:
        new = NewWorkspace(id=workspace, source=PublishedSource(), automatic=automatic)
        self.run(self.store.workspaces.add_workspace(new, actor="ann", now=self.now))

    def publish(self, content: str, workspace: str = "library") -> Revision:
        """Store a bundle that is nothing but its name, and give it a revision."""
        digest = self.put_bundle(content, workspace)
        recorded = self.run(
            self.store.revisions.record_revision(
                workspace, digest, provenance=PROVENANCE, actor="ann", now=self.now
            )
        )
        return recorded.revision

    def put_bundle(self, content: str, workspace: str = "library") -> str:
        """Store a bundle of one blob, and return its digest."""
        manifest, blob = f"manifest {content}".encode(), f"blob {content}".encode()
        digest = compute_digest(manifest)
        self.run(
            self.store.bundles.put_bundle(
                workspace,
                digest=digest,
                manifest=manifest,
                size=len(manifest) + len(blob),
                blob_digests=[compute_digest(blob)],
                contents=stream_contents(blob),
                now=self.now,
            )
        )
        return digest

    def activate(self, revision: int, workspace: str = "library") -> int:
        """Activate a revision, and return the generation."""
        activation = self.run(
            self.store.activations.activate(workspace, revision, actor="ann", reason="", now=self.now)
        )
        return activation.generation

    def add_runtimes(self, *names: str) -> None:
        """Register remote Runtimes."""
        for name in names:
            new = NewRuntime(name=name, kind="remote", audience=f"id-{name}")
            self.run(self.store.runtimes.add_runtime(new, actor="ann", now=self.now))

    def settle(self, *settlements: Settlement, now: int | None = None) -> frozenset[PairKey]:
        return self.run(self.store.settling.settle(settlements, now=self.now if now is None else now))

    def claim(self, *, limit: int = 100, now: int | None = None) -> dict[PairKey, Claim]:
        """Claim what is due, for half a minute."""
        claims = self.run(
            self.store.claims.claim_due(
                "here", limit=limit, lease_seconds=30, now=self.now if now is None else now
            )
        )
        return {claim.status.key: claim for claim in claims}

    def get_pair(self, runtime: str, workspace: str = "library") -> PairStatus:
        found = self.run(self.store.pairs.find_pair(PairKey(runtime, workspace)))
        assert found is not None
        return found

    def place_everywhere(self) -> None:
        """Let every Runtime have the workspace `library`."""
        policy = self.run(self.store.placements.get_policy())
        self.run(
            self.store.placements.put_policy(
                [ANYWHERE], expected_generation=policy.generation, actor="ann", now=self.now
            )
        )
        self.run(self.store.placements.apply_policy(now=self.now))


async def stream_contents(*contents: bytes) -> AsyncIterator[tuple[str, bytes]]:
    """Yield blobs as `put_bundle` takes them."""
    for content in contents:
        yield compute_digest(content), content


@pytest.fixture(scope="session", params=DIALECTS)
def database_maker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DatabaseMaker:
    """Give what makes databases of each kind in turn."""
    server: PostgresqlServer | None = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_server")
    return DatabaseMaker(tmp_path_factory.mktemp("databases"), server)


@pytest.fixture
def world(database_maker: DatabaseMaker) -> Iterator[StoreUnderTest]:
    """Give a store on a fresh database of each kind."""
    url = database_maker.create()
    under_test = StoreUnderTest(url)
    yield under_test
    under_test.close()
    database_maker.drop(url)
