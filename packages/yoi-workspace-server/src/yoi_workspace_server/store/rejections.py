"""Rejections in the database: which Runtime refused which bytes, as it was then (K-04)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, tuple_

from yoi_wire.clock import format_instant
from yoi_workspace_server.store.database.statements import insert_all_absent, parse_instant
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.tables import rejections, runtimes
from yoi_workspace_server.sync_status import BundleRejection, PairKey


class RejectionRepository:
    """Reads rejections; they are recorded by settling."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_rejection(
        self, workspace: str, digest: str, *, runtime: str, runtime_version: str, policy_generation: str
    ) -> BundleRejection | None:
        """Return the refusal of a digest by a Runtime that is as described; None when it may be offered."""
        query = select(rejections).where(
            rejections.c.workspace == workspace,
            rejections.c.digest == digest,
            rejections.c.runtime == runtime,
            rejections.c.runtime_version == runtime_version,
            rejections.c.policy_generation == policy_generation,
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _read_rejection(row)

    async def list_in_force(self, keys: Sequence[PairKey]) -> Mapping[PairKey, tuple[BundleRejection, ...]]:
        """Return what Runtimes refuse as they last announced themselves, for at most 500 pairs; latest first."""
        there = (rejections.c.runtime_version == runtimes.c.version) & (
            rejections.c.policy_generation == runtimes.c.policy_generation
        )
        named = tuple_(rejections.c.runtime, rejections.c.workspace).in_(
            [(key.runtime, key.workspace) for key in keys]
        )
        query = select(rejections).join(runtimes, (runtimes.c.name == rejections.c.runtime) & there)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.where(named).order_by(rejections.c.id.desc()))).all()
        found: dict[PairKey, tuple[BundleRejection, ...]] = {}
        for row in rows:
            key = PairKey(row.runtime, row.workspace)
            found[key] = (*found.get(key, ()), _read_rejection(row))
        return found


async def insert_rejections(transaction: Transaction, recorded: Sequence[BundleRejection]) -> None:
    """Record rejections; one that is known already stays as it is."""
    rows = [
        {
            "workspace": one.workspace,
            "digest": one.digest,
            "runtime": one.runtime,
            "runtime_version": one.runtime_version,
            "policy_generation": one.policy_generation,
            "code": one.code,
            "details": one.details,
            "rejected_at": parse_instant(one.rejected_at),
        }
        for one in recorded
    ]
    await insert_all_absent(transaction, rejections, rows)


def _read_rejection(row: Row[Any]) -> BundleRejection:
    return BundleRejection(
        workspace=row.workspace,
        digest=row.digest,
        runtime=row.runtime,
        runtime_version=row.runtime_version,
        policy_generation=row.policy_generation,
        code=row.code,
        details=row.details,
        rejected_at=format_instant(row.rejected_at),
    )
