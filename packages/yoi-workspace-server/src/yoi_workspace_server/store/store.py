"""Store of the Backend: one repository for each concept, over one database."""

from types import TracebackType
from typing import Self

from yoi_workspace_server.store.activations import ActivationRepository
from yoi_workspace_server.store.audit import AuditRepository
from yoi_workspace_server.store.builds import BuildRepository
from yoi_workspace_server.store.bundles import BundleRepository
from yoi_workspace_server.store.claims import ClaimRepository
from yoi_workspace_server.store.database.address import parse_address
from yoi_workspace_server.store.database.migration import verify_schema
from yoi_workspace_server.store.database.transactions import Database
from yoi_workspace_server.store.database.wakeups import Wakeups
from yoi_workspace_server.store.pairs import PairRepository
from yoi_workspace_server.store.placements import PlacementRepository
from yoi_workspace_server.store.rejections import RejectionRepository
from yoi_workspace_server.store.restoring import RestoreRepository
from yoi_workspace_server.store.retention import RetentionRepository
from yoi_workspace_server.store.revisions import RevisionRepository
from yoi_workspace_server.store.revocations import RevocationRepository
from yoi_workspace_server.store.runtimes import RuntimeRepository
from yoi_workspace_server.store.settling import SettlingRepository
from yoi_workspace_server.store.tokens import TokenRepository
from yoi_workspace_server.store.workers import WorkerRepository
from yoi_workspace_server.store.workspaces import WorkspaceRepository


class Store:
    """Everything that the Backend keeps.

    Safe for many tasks at once. Instants that are given are milliseconds since 1970; those in values are text.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.wakeups: Wakeups = database.wakeups
        self.workspaces = WorkspaceRepository(database)
        self.bundles = BundleRepository(database)
        self.revisions = RevisionRepository(database)
        self.activations = ActivationRepository(database)
        self.revocations = RevocationRepository(database)
        self.builds = BuildRepository(database)
        self.runtimes = RuntimeRepository(database)
        self.placements = PlacementRepository(database)
        self.pairs = PairRepository(database)
        self.claims = ClaimRepository(database)
        self.settling = SettlingRepository(database)
        self.rejections = RejectionRepository(database)
        self.workers = WorkerRepository(database)
        self.tokens = TokenRepository(database)
        self.audit = AuditRepository(database)
        self.retention = RetentionRepository(database)
        self.restoring = RestoreRepository(database)

    async def start(self) -> None:
        """Check that the database is there and of this version's schema, and listen for wakeups.

        Raises:
            BackendUnavailableError: It is not; the reason says why.
        """
        try:
            self._database.lock()
            await verify_schema(self._database)
            self._database.listen()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def open_store(url: str) -> Store:
    """Return the store at a database URL; nothing is connected before `start`.

    Raises:
        RequestInvalidError: The URL is of no form that is known.
    """
    return Store(Database(parse_address(url)))
