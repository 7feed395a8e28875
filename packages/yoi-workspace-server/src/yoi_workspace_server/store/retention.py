"""Retention and quotas: what a workspace keeps of its past, and how much it may keep at all (K-10)."""

from collections.abc import Callable, Iterable

from msgspec import Struct
from sqlalchemy import delete, func, select, update

from yoi_bundle.errors import LimitExceededError
from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.audit import SYSTEM_ACTOR, AuditEntry
from yoi_workspace_server.store.database.statements import split_batches
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.tables import blobs, bundles, pairs, revisions, workers
from yoi_workspace_server.store.workspaces import lock_workspace

ListBlobs = Callable[[bytes], Iterable[str]]
"""Gives the digests of all blobs of a manifest."""


class RetentionRules(Struct, frozen=True, kw_only=True):
    """What is kept of a workspace beyond what is in use.

    Attributes:
        latest: So many of the newest revisions.
        milliseconds: Every revision that is younger.
    """

    latest: int = 50
    milliseconds: int = 30 * 86_400_000


class CollectedBundles(Struct, frozen=True, kw_only=True):
    """What was taken out of one workspace."""

    bundles: int = 0
    blobs: int = 0


class RetentionRepository:
    """Takes out what nobody needs any more, and refuses what goes beyond a quota."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def verify_room(self, workspace: str, *, adding: int, quota_bytes: int) -> None:
        """Check that a workspace may keep so many bytes more.

        Raises:
            LimitExceededError: It would have more than its quota.
        """
        queries = (
            select(func.coalesce(func.sum(func.length(table.c[name])), 0)).where(
                table.c.workspace == workspace
            )
            for table, name in ((blobs, "content"), (bundles, "manifest"))
        )
        async with self._database.read() as connection:
            used = sum([int(await connection.scalar(query) or 0) for query in queries])
        if used + adding > quota_bytes:
            raise LimitExceededError(
                "workspace_bytes", value=used + adding, allowed=quota_bytes, place="/workspace"
            )

    async def pin_revision(
        self, workspace: str, revision: int, *, pinned: bool, actor: str, now: int
    ) -> None:
        """Keep a revision whatever its age, or no longer.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            RequestInvalidError: It has no such revision.
        """
        mine = (revisions.c.workspace == workspace, revisions.c.revision == revision)
        async with self._database.write(now) as transaction:
            await lock_workspace(transaction, workspace)
            result = await transaction.connection.execute(
                update(revisions).where(*mine).values(pinned=pinned)
            )
            if not result.rowcount:
                raise RequestInvalidError("the workspace has no such revision", field="revision")
            transaction.record(
                AuditEntry(
                    actor=actor,
                    action="revision.pinned" if pinned else "revision.unpinned",
                    workspace=workspace,
                    details={"revision": revision},
                )
            )

    async def collect(
        self, workspace: str, rules: RetentionRules, *, list_blobs: ListBlobs, now: int
    ) -> CollectedBundles:
        """Take out the bundles of a workspace that nothing holds, their revisions, and the blobs that were theirs alone.

        Held are the active bundle, the newest and the young ones, pinned revisions, what a Runtime said that it has assigned or
        that a Worker uses, and what a Worker's record names. A blob that no bundle ever named is left: it may be on its way in.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
        """
        async with self._database.write(now) as transaction:
            found = await lock_workspace(transaction, workspace)
            held = await _list_held(transaction, workspace, rules, now)
            if found.active is not None:
                held.add(found.active.digest)
            doomed = await _list_doomed(transaction, workspace, held, now - rules.milliseconds)
            if not doomed:
                return CollectedBundles()
            orphans = await _list_orphans(transaction, workspace, doomed, list_blobs)
            for table, digests in ((revisions, doomed), (bundles, doomed), (blobs, orphans)):
                for some in split_batches(sorted(digests)):
                    await transaction.connection.execute(
                        delete(table).where(table.c.workspace == workspace, table.c.digest.in_(some))
                    )
            collected = CollectedBundles(bundles=len(doomed), blobs=len(orphans))
            details = {"bundles": collected.bundles, "blobs": collected.blobs}
            transaction.record(
                AuditEntry(
                    actor=SYSTEM_ACTOR, action="bundle.collected", workspace=workspace, details=details
                )
            )
        return collected


async def _list_held(transaction: Transaction, workspace: str, rules: RetentionRules, now: int) -> set[str]:
    mine = revisions.c.workspace == workspace
    newest = select(revisions.c.digest).where(mine).order_by(revisions.c.revision.desc()).limit(rules.latest)
    young = revisions.c.recorded_at > now - rules.milliseconds
    kept = select(revisions.c.digest).where(mine, young | revisions.c.pinned)
    held: set[str] = set()
    for query in (newest, kept):
        held.update((await transaction.connection.execute(query)).scalars())
    there = select(pairs.c.observed_digest, pairs.c.holdings).where(pairs.c.workspace == workspace)
    for digest, holdings in (await transaction.connection.execute(there)).all():
        held.update(filter(None, [digest]))
        held.update(holdings.workers if holdings is not None else ())
    requests = select(workers.c.request).where(workers.c.workspace == workspace)
    for request in (await transaction.connection.execute(requests)).scalars():
        held.update(filter(None, [request.bundle_digest]))
    return held


async def _list_doomed(
    transaction: Transaction, workspace: str, held: set[str], before: int
) -> frozenset[str]:
    query = select(bundles.c.digest).where(bundles.c.workspace == workspace, bundles.c.stored_at <= before)
    return frozenset((await transaction.connection.execute(query)).scalars()) - held


async def _list_orphans(
    transaction: Transaction, workspace: str, doomed: frozenset[str], list_blobs: ListBlobs
) -> frozenset[str]:
    """Return the blobs of doomed bundles that no other bundle names; one manifest at a time is in memory."""
    named: dict[bool, set[str]] = {True: set(), False: set()}
    query = select(bundles.c.digest).where(bundles.c.workspace == workspace)
    for digest in (await transaction.connection.execute(query)).scalars().all():
        manifest = await transaction.connection.scalar(
            select(bundles.c.manifest).where(bundles.c.workspace == workspace, bundles.c.digest == digest)
        )
        named[digest in doomed].update(list_blobs(bytes(manifest or b"")))
    return frozenset(named[True] - named[False])
