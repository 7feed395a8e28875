"""Pairs of Runtime and workspace in the database, and the Runtimes that come first for a new Worker (K-05, K-06)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from yoi_wire.clock import format_instant
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.runtimes import AWAY
from yoi_workspace_server.store.database.address import Dialect
from yoi_workspace_server.store.database.statements import build_page
from yoi_workspace_server.store.database.transactions import Database
from yoi_workspace_server.store.due_pairs import mark_due, match_keys
from yoi_workspace_server.store.runtimes import read_runtime
from yoi_workspace_server.store.tables import pairs, runtimes, workspaces
from yoi_workspace_server.store.workspaces import read_active
from yoi_workspace_server.sync_plan import Observed
from yoi_workspace_server.sync_status import PairKey, PairStatus, RuntimeHoldings


def _parse_cursor(cursor: str) -> tuple[str, str]:
    runtime, slash, workspace = cursor.partition("/")
    if not slash:
        raise RequestInvalidError("not a cursor of this list", field="cursor")
    return runtime, workspace


def _has_digest(digest: str | None, dialect: Dialect) -> ColumnElement[bool]:
    """Return whether a pair's Runtime said that the bundle is assigned or stored there; no bundle is everywhere."""
    if digest is None:
        return true()
    if dialect == "postgresql":
        stored = func.jsonb_array_elements_text(cast(pairs.c.holdings, JSONB)["stored"]).table_valued("value")
    else:
        stored = func.json_each(pairs.c.holdings, literal("$.stored")).table_valued("value")
    is_stored = exists(
        select(literal(1)).select_from(stored).where(stored.c.value == digest).correlate(pairs)
    )
    return or_(func.coalesce(pairs.c.observed_digest == digest, false()), is_stored)


def _count_workers(dialect: Dialect) -> ColumnElement[int]:
    """Return how many Workers of the workspace a pair's Runtime said that it has."""
    if dialect == "postgresql":
        counts = func.jsonb_each_text(cast(pairs.c.holdings, JSONB)["workers"]).table_valued("key", "value")
    else:
        counts = func.json_each(pairs.c.holdings, literal("$.workers")).table_valued("key", "value")
    total = func.sum(cast(counts.c.value, BigInteger))
    query = select(func.coalesce(total, 0)).select_from(counts).correlate(pairs)
    return cast(query.scalar_subquery(), BigInteger)


def _match_labels(labels: Mapping[str, str], dialect: Dialect) -> list[ColumnElement[bool]]:
    """Return the conditions that a Runtime has all of these labels."""
    conditions: list[ColumnElement[bool]] = []
    for key, value in labels.items():
        if dialect == "postgresql":
            given = func.jsonb_each_text(cast(runtimes.c.labels, JSONB)).table_valued("key", "value")
        else:
            given = func.json_each(runtimes.c.labels).table_valued("key", "value")
        named = and_(given.c.key == key, given.c.value == value)
        conditions.append(exists(select(literal(1)).select_from(given).where(named).correlate(runtimes)))
    return conditions


_ACTIVE = (workspaces.c.active_digest, workspaces.c.active_revision, workspaces.c.active_generation)


def select_statuses() -> Select[Any]:
    """Return the query of pairs as `read_status` reads them."""
    return select(pairs, *_ACTIVE, workspaces.c.suspended, workspaces.c.withheld_revision).join(
        workspaces, workspaces.c.id == pairs.c.workspace
    )


def _read_observed(row: Row[Any]) -> Observed | None:
    if row.observed_at is None:
        return None
    return Observed(
        observed_at=format_instant(row.observed_at),
        generation=row.observed_generation,
        digest=row.observed_digest,
        revision=row.observed_revision,
    )


def _format(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _rank_runtimes(workspace: str, digest: str | None, dialect: Dialect) -> Select[Any]:
    """Return all Runtimes with their sort, and their place in it; see `PairRepository.list_holdings`."""
    has_digest = _has_digest(digest, dialect)
    workers = _count_workers(dialect)
    away = runtimes.c.reachability.in_(sorted(AWAY))
    sort = case((pairs.c.placed.is_not(true()), 2), (away, 1), else_=0)
    best_first = (case((sort > 0, 0), (has_digest, 0), else_=1), case((sort > 0, 0), else_=workers))
    place = func.row_number().over(partition_by=sort, order_by=[*best_first, runtimes.c.name])
    here = and_(pairs.c.runtime == runtimes.c.name, pairs.c.workspace == workspace)
    return select(
        runtimes,
        has_digest.label("has_digest"),
        workers.label("workers"),
        sort.label("sort"),
        place.label("place"),
    ).select_from(runtimes.outerjoin(pairs, here))


def read_status(row: Row[Any]) -> PairStatus:
    """Read a row of `select_statuses`."""
    return PairStatus(
        key=PairKey(row.runtime, row.workspace),
        placed=row.placed,
        placement_generation=row.placement_generation,
        generation_offset=row.generation_offset,
        raises=row.raises,
        suspended=row.suspended,
        withheld_revision=row.withheld_revision,
        active=read_active(row),
        observed=_read_observed(row),
        holdings=row.holdings,
        attempts=row.attempts,
        problem=row.problem,
        last_attempt_at=_format(row.last_attempt_at),
        last_success_at=_format(row.last_success_at),
        due_at=_format(row.due_at),
    )


class PairRepository:
    """Reads pairs, and makes them due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_pair(self, key: PairKey) -> PairStatus | None:
        """Return what is known of a pair; None when the Runtime never was to have the workspace's bundle."""
        query = select_statuses().where(pairs.c.runtime == key.runtime, pairs.c.workspace == key.workspace)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else read_status(row)

    async def list_pairs(
        self,
        *,
        runtime: str | None = None,
        workspace: str | None = None,
        within: frozenset[str] | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[PairStatus]:
        """List pairs by Runtime and workspace.

        Args:
            runtime: Only this one's.
            workspace: Only this one's.
            within: The workspaces that the caller may see; None for all.
            limit: How many at most.
            cursor: From the page before.
        """
        verify_page_size(limit)
        query = select_statuses().order_by(pairs.c.runtime, pairs.c.workspace).limit(limit + 1)
        if runtime is not None:
            query = query.where(pairs.c.runtime == runtime)
        if workspace is not None:
            query = query.where(pairs.c.workspace == workspace)
        if within is not None:
            query = query.where(pairs.c.workspace.in_(sorted(within)))
        if cursor is not None:
            query = query.where(tuple_(pairs.c.runtime, pairs.c.workspace) > _parse_cursor(cursor))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return build_page(rows, limit, read=read_status, cursor=lambda row: f"{row.runtime}/{row.workspace}")

    async def list_holdings(
        self,
        workspace: str,
        *,
        digest: str | None,
        runtime: str | None = None,
        labels: Mapping[str, str],
        limit: int,
    ) -> tuple[RuntimeHoldings, ...]:
        """Return the Runtimes that come first when a Worker is to be created, whoever may be asked and who may not.

        At most `limit` each of three sorts: placed and not away, the best first, which is who has the bundle, then who
        has the fewest Workers of the workspace, then by name; placed but away, by name; not placed, by name.

        Args:
            workspace: Its id.
            digest: The bundle that is wanted; None when none is.
            runtime: Only this one, whatever its labels.
            labels: Only Runtimes that have all of these.
            limit: How many of each sort.
        """
        ranked = _rank_runtimes(workspace, digest, self._database.address.dialect)
        if runtime is not None:
            ranked = ranked.where(runtimes.c.name == runtime)
        else:
            ranked = ranked.where(*_match_labels(labels, self._database.address.dialect))
        found = ranked.subquery()
        query = select(found).where(found.c.place <= limit).order_by(found.c.sort, found.c.place)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(
            RuntimeHoldings(runtime=read_runtime(row), has_digest=bool(row.has_digest), workers=row.workers)
            for row in rows
        )

    async def reset_generations(self, key: PairKey, *, actor: str, now: int) -> PairStatus | None:
        """Count a pair's generations anew from the workspace's own, forget its problem, and make it due.

        The way out for a Runtime whose generation was put beyond all bounds, once it was reset there, too (T-02).

        Returns:
            The pair; None when there is none.
        """
        fresh = {"generation_offset": 0, "raises": 0, "attempts": 0, "problem": None, "due_at": now}
        async with self._database.write(now) as transaction:
            result = await transaction.connection.execute(
                update(pairs).where(match_keys([key])).values(triggers=pairs.c.triggers + 1, **fresh)
            )
            if not result.rowcount:
                return None
            transaction.wake("pairs")
            transaction.record(
                AuditEntry(
                    actor=actor, action="generation.reset", workspace=key.workspace, runtime=key.runtime
                )
            )
        return await self.find_pair(key)

    async def mark_due(self, *, runtime: str | None = None, workspace: str | None = None, now: int) -> int:
        """Make pairs due now, whatever their back-off, and wake the reconcilers; return how many.

        Args:
            runtime: Only this one's; None for those of all.
            workspace: Only this one's; None for those of all.
            now: The instant.
        """
        async with self._database.write(now) as transaction:
            return await mark_due(
                transaction, runtimes=None if runtime is None else [runtime], workspace=workspace
            )
