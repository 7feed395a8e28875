"""Placement rules in the database, and their effect on pairs (K-03)."""

from collections.abc import Sequence
from typing import Any

from msgspec import to_builtins
from sqlalchemy import Row, Select, insert, select, update

from yoi_wire.backend.placements import PlacementPolicy, PlacementRule
from yoi_wire.clock import format_instant
from yoi_wire.errors import AssignmentStaleError
from yoi_workspace_server.audit import SYSTEM_ACTOR, AuditEntry
from yoi_workspace_server.placement import PlacedRuntime, PlacedWorkspace, may_receive
from yoi_workspace_server.runtimes import describe_problem
from yoi_workspace_server.store.activations import allocate_generation
from yoi_workspace_server.store.database.statements import insert_absent, split_batches
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.due_pairs import match_keys
from yoi_workspace_server.store.tables import pairs, placements, runtimes, workspaces
from yoi_workspace_server.sync_status import MAX_LEAP, MAX_RAISES, PairKey

_ONLY = 1
"""Id of the one row."""


class PlacementRepository:
    """Keeps the rules, and applies them to pairs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_policy(self) -> PlacementPolicy:
        """Return the rules in force."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(placements).where(placements.c.id == _ONLY))).first()
        return _read_policy(row)

    async def put_policy(
        self, rules: Sequence[PlacementRule], *, expected_generation: int, actor: str, now: int
    ) -> PlacementPolicy | None:
        """Replace all rules, if nobody else has since the caller read them, and apply them in the same transaction.

        Args:
            rules: All of them.
            expected_generation: Of the policy that the caller has seen.
            actor: Who asks for it.
            now: The instant.

        Returns:
            The new policy; None when another one is in force than was expected, and nothing was changed.
        """
        async with self._database.write(now) as transaction:
            current = await _lock_policy(transaction)
            if current.generation != expected_generation:
                return None
            policy = PlacementPolicy(generation=current.generation + 1, rules=tuple(rules))
            await transaction.connection.execute(
                update(placements)
                .where(placements.c.id == _ONLY)
                .values(generation=policy.generation, rules=policy.rules)
            )
            details = {"generation": policy.generation, "rules": to_builtins(policy.rules)}
            transaction.record(AuditEntry(actor=actor, action="placement.changed", details=details))
            await _apply(transaction, policy, None, None, actor)
            return policy

    async def apply_policy(
        self,
        *,
        workspace: str | None = None,
        runtime: str | None = None,
        actor: str = SYSTEM_ACTOR,
        now: int,
    ) -> tuple[PairKey, ...]:
        """Give placement to the pairs that may have it by now, and take it from the others.

        Call it after a workspace's visibility or a Runtime's labels changed, after either was added, and at start. Each pair that changes gets a generation of its own (R-11) and is due.

        Args:
            workspace: Only this one's pairs; None for those of all.
            runtime: Only this one's pairs; None for those of all.
            actor: Who brought the change about.
            now: The instant.

        Returns:
            The pairs that changed, sorted.
        """
        async with self._database.write(now) as transaction:
            policy = await _lock_policy(transaction)
            return await _apply(transaction, policy, workspace, runtime, actor)

    async def withdraw_runtime(self, runtime: str, *, actor: str, now: int) -> None:
        """Take placement from all pairs of a Runtime that is about to be removed; `apply_policy` gives it back."""
        async with self._database.write(now) as transaction:
            await _lock_policy(transaction)
            rows = await _list_combinations(transaction, None, runtime)
            for row in rows:
                if row.placed:
                    await _change_placement(transaction, row.id, [row], actor)

    async def withdraw_leftover(self, key: PairKey, *, above: int, now: int) -> None:
        """Have an assignment deleted that a Runtime has, and should not have; nothing when there is a pair already.

        Args:
            key: The Runtime and the workspace.
            above: The generation that the Runtime has (R-11); one beyond all bounds is shown as the pair's problem, and
                the pair waits for its operator.
            now: The instant.
        """
        async with self._database.write(now) as transaction:
            generation = await allocate_generation(transaction, key.workspace)
            row = _build_pair(key.runtime, key.workspace, generation, now) | {"placed": False}
            if above > generation + MAX_LEAP:
                stale = AssignmentStaleError(key.workspace, generation=generation, current=above)
                problem = describe_problem(stale, occurred_at=format_instant(now))
                row |= {"problem": problem, "attempts": 1, "raises": MAX_RAISES, "due_at": None}
            else:
                row |= {"generation_offset": max(above + 1 - generation, 0)}
            if await insert_absent(transaction, pairs, row):
                transaction.wake("pairs")


async def _apply(
    transaction: Transaction, policy: PlacementPolicy, workspace: str | None, runtime: str | None, actor: str
) -> tuple[PairKey, ...]:
    changed: dict[str, list[Row[Any]]] = {}
    for row in await _list_combinations(transaction, workspace, runtime):
        if _decide(policy, row) != bool(row.placed):
            changed.setdefault(row.id, []).append(row)
    for name in sorted(changed):
        await _change_placement(transaction, name, changed[name], actor)
    return tuple(sorted(PairKey(row.name, name) for name, some in changed.items() for row in some))


async def _lock_policy(transaction: Transaction) -> PlacementPolicy:
    await insert_absent(transaction, placements, {"id": _ONLY, "generation": 0, "rules": ()})
    query = select(placements).where(placements.c.id == _ONLY).with_for_update()
    return _read_policy((await transaction.connection.execute(query)).first())


def _read_policy(row: Row[Any] | None) -> PlacementPolicy:
    return PlacementPolicy() if row is None else PlacementPolicy(generation=row.generation, rules=row.rules)


async def _list_combinations(
    transaction: Transaction, workspace: str | None, runtime: str | None
) -> Sequence[Row[Any]]:
    """Return every workspace with every Runtime, and whether it is placed there; None where there is no pair."""
    existing = (pairs.c.workspace == workspaces.c.id) & (pairs.c.runtime == runtimes.c.name)
    query: Select[Any] = (
        select(
            workspaces.c.id,
            workspaces.c.visibility,
            runtimes.c.name,
            runtimes.c.kind,
            runtimes.c.labels,
            pairs.c.placed,
        )
        .select_from(workspaces.join(runtimes, workspaces.c.id.is_not(None)).outerjoin(pairs, existing))
        .order_by(workspaces.c.id, runtimes.c.name)
    )
    if workspace is not None:
        query = query.where(workspaces.c.id == workspace)
    if runtime is not None:
        query = query.where(runtimes.c.name == runtime)
    rows: Sequence[Row[Any]] = (await transaction.connection.execute(query)).all()
    return rows


def _decide(policy: PlacementPolicy, row: Row[Any]) -> bool:
    return may_receive(
        policy,
        PlacedWorkspace(id=row.id, visibility=row.visibility),
        PlacedRuntime(name=row.name, kind=row.kind, labels=row.labels),
    )


async def _change_placement(
    transaction: Transaction, workspace: str, changed: Sequence[Row[Any]], actor: str
) -> None:
    """Turn placement round for some pairs of a workspace; the pairs that are new are inserted."""
    generation = await allocate_generation(transaction, workspace)
    new = [row.name for row in changed if row.placed is None]
    if new:
        rows = [_build_pair(name, workspace, generation, transaction.now) for name in new]
        await transaction.connection.execute(insert(pairs), rows)
    for placed in (True, False):
        keys = [
            PairKey(row.name, workspace) for row in changed if row.placed is not None and row.placed != placed
        ]
        for some in split_batches(keys):
            await transaction.connection.execute(
                update(pairs)
                .where(match_keys(some))
                .values(
                    placed=placed,
                    placement_generation=generation,
                    triggers=pairs.c.triggers + 1,
                    due_at=transaction.now,
                )
            )
    transaction.wake("pairs")
    for row in changed:
        transaction.record(
            AuditEntry(
                actor=actor,
                action="placement.lost" if row.placed else "placement.gained",
                workspace=workspace,
                runtime=row.name,
                details={"generation": generation},
            )
        )


def _build_pair(runtime: str, workspace: str, generation: int, now: int) -> dict[str, Any]:
    return {
        "runtime": runtime,
        "workspace": workspace,
        "placed": True,
        "placement_generation": generation,
        "generation_offset": 0,
        "raises": 0,
        "attempts": 0,
        "triggers": 0,
        "due_at": now,
        "lease": 0,
        "lease_triggers": 0,
    }
