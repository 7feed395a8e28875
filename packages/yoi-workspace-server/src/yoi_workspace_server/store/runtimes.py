"""The registry of Runtimes in the database (K-02)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, select, update

from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_wire.backend.errors import RuntimeConflictError, RuntimeNotFoundError
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.clock import format_instant
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.runtimes import NewRuntime, RegisteredRuntime, RuntimeContact
from yoi_workspace_server.store.database.statements import build_page, insert_absent
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.due_pairs import mark_due
from yoi_workspace_server.store.tables import runtimes


async def _find(transaction: Transaction, name: str) -> Row[Any] | None:
    query = select(runtimes).where(runtimes.c.name == name).with_for_update(key_share=True)
    return (await transaction.connection.execute(query)).first()


def read_runtime(row: Row[Any]) -> RegisteredRuntime:
    """Read a row of the table."""
    return RegisteredRuntime(
        name=row.name,
        kind=row.kind,
        audience=row.audience,
        labels=row.labels,
        connection=row.connection,
        info=row.info,
        reachability=row.reachability,
        problem=row.problem,
        last_seen_at=None if row.last_seen_at is None else format_instant(row.last_seen_at),
        added_at=format_instant(row.added_at),
    )


_REACHED = (
    update(runtimes)
    .where(runtimes.c.name == bindparam("key"))
    .values(
        reachability=bindparam("new_reachability"),
        problem=bindparam("new_problem", type_=runtimes.c.problem.type),
        last_seen_at=case(
            (
                bindparam("new_last_seen_at", type_=runtimes.c.last_seen_at.type).is_(None),
                runtimes.c.last_seen_at,
            ),
            else_=bindparam("new_last_seen_at", type_=runtimes.c.last_seen_at.type),
        ),
    )
)
_ANNOUNCED = (
    update(runtimes)
    .where(runtimes.c.name == bindparam("key"))
    .values(
        info=bindparam("new_info"),
        version=bindparam("new_version"),
        policy_generation=bindparam("new_policy_generation"),
    )
)


def _build_contact(contact: RuntimeContact, now: int) -> dict[str, Any]:
    return {
        "key": contact.name,
        "new_reachability": contact.reachability,
        "new_problem": contact.problem,
        "new_last_seen_at": now if contact.reachability == "reachable" else None,
    }


def _build_announcement(name: str, info: RuntimeInfo) -> dict[str, Any]:
    return {
        "key": name,
        "new_info": info,
        "new_version": info.version,
        "new_policy_generation": info.policy_generation,
    }


def _is_another(before: Row[Any], contact: RuntimeContact) -> bool:
    """Tell whether the Runtime came back, or what it rejected may be offered again."""
    if contact.reachability != "reachable":
        return False
    info = contact.info
    changed = info is not None and (info.version, info.policy_generation) != (
        before.version,
        before.policy_generation,
    )
    return changed or before.reachability != "reachable"


class RuntimeRepository:
    """Registers, changes, finds and deletes Runtimes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_runtime(self, new: NewRuntime, *, actor: str, now: int) -> RegisteredRuntime:
        """Register a Runtime; placement has to be applied to it next.

        Raises:
            RuntimeConflictError: The name is taken, or the Runtime is registered under another one.
        """
        row = {
            "name": new.name,
            "kind": new.kind,
            "audience": new.audience,
            "labels": new.labels,
            "connection": new.connection,
            "info": new.info,
            "version": new.info.version if new.info else "",
            "policy_generation": new.info.policy_generation if new.info else "",
            "reachability": "reachable" if new.info else "unknown",
            "last_seen_at": now if new.info else None,
            "added_at": now,
        }
        async with self._database.write(now) as transaction:
            if not await insert_absent(transaction, runtimes, row):
                taken = await _find(transaction, new.name)
                raise RuntimeConflictError(new.name, "name_exists" if taken else "runtime_exists")
            details = {"kind": new.kind, "labels": new.labels}
            transaction.record(
                AuditEntry(actor=actor, action="runtime.added", runtime=new.name, details=details)
            )
            return await lock_runtime(transaction, new.name)

    async def find_runtime(self, name: str) -> RegisteredRuntime | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(runtimes).where(runtimes.c.name == name))).first()
        return None if row is None else read_runtime(row)

    async def get_runtime(self, name: str) -> RegisteredRuntime:
        """Return a Runtime.

        Raises:
            RuntimeNotFoundError: There is none of this name.
        """
        found = await self.find_runtime(name)
        if found is None:
            raise RuntimeNotFoundError(name)
        return found

    async def list_runtimes(
        self, *, limit: int = DEFAULT_PAGE_SIZE, cursor: str | None = None
    ) -> Page[RegisteredRuntime]:
        """List Runtimes by name."""
        verify_page_size(limit)
        query = select(runtimes).order_by(runtimes.c.name).limit(limit + 1)
        if cursor is not None:
            query = query.where(runtimes.c.name > cursor)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return build_page(rows, limit, read=read_runtime, cursor=lambda row: row.name)

    async def get_runtimes(self, names: Sequence[str]) -> Mapping[str, RegisteredRuntime]:
        """Return those of these Runtimes that are registered, at most 500, by name."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(runtimes).where(runtimes.c.name.in_(names)))).all()
        return {row.name: read_runtime(row) for row in rows}

    async def change_runtime(
        self,
        name: str,
        *,
        labels: dict[str, str] | None = None,
        connection: RuntimeConnection | None = None,
        actor: str,
        now: int,
    ) -> RegisteredRuntime:
        """Change labels or connection; placement has to be applied anew after a change of labels.

        Args:
            name: Which one.
            labels: All that it is to have; None leaves them.
            connection: How to dial it from now on; None leaves it.
            actor: Who asks for it.
            now: The instant.

        Raises:
            RuntimeNotFoundError: There is none of this name.
        """
        given = {"labels": labels, "connection": connection}
        values = {field: value for field, value in given.items() if value is not None}
        async with self._database.write(now) as transaction:
            found = await lock_runtime(transaction, name)
            if not values:
                return found
            await transaction.connection.execute(
                update(runtimes).where(runtimes.c.name == name).values(**values)
            )
            details: dict[str, Any] = {"fields": sorted(values)} | (
                {"labels": labels} if labels is not None else {}
            )
            transaction.record(
                AuditEntry(actor=actor, action="runtime.changed", runtime=name, details=details)
            )
            return await lock_runtime(transaction, name)

    async def record_contacts(self, contacts: Sequence[RuntimeContact], *, now: int) -> None:
        """Write down what came of speaking to Runtimes, at most 500; unknown names are passed over.

        The pairs of a Runtime that is reachable again, or has another version or policy, become due (K-04).
        """
        if not contacts:
            return
        async with self._database.write(now) as transaction:
            await write_contacts(transaction, contacts)

    async def delete_runtime(self, name: str, *, left: Sequence[str] = (), actor: str, now: int) -> None:
        """Take a Runtime out of the registry, with what is known of it; nothing is asked of it any more.

        Args:
            name: Which one.
            left: Workspaces whose assignment it may still have; for the audit.
            actor: Who asks for it.
            now: The instant.

        Raises:
            RuntimeNotFoundError: There is none of this name.
        """
        async with self._database.write(now) as transaction:
            await lock_runtime(transaction, name)
            await transaction.connection.execute(delete(runtimes).where(runtimes.c.name == name))
            details = {"still_assigned": list(left)} if left else {}
            transaction.record(
                AuditEntry(actor=actor, action="runtime.deleted", runtime=name, details=details)
            )


async def lock_runtime(transaction: Transaction, name: str) -> RegisteredRuntime:
    """Return a Runtime that nobody else changes until the transaction ends.

    Raises:
        RuntimeNotFoundError: There is none of this name.
    """
    row = await _find(transaction, name)
    if row is None:
        raise RuntimeNotFoundError(name)
    return read_runtime(row)


async def write_contacts(transaction: Transaction, contacts: Sequence[RuntimeContact]) -> None:
    """Write contacts down, at most 500, one for a Runtime; those that are not registered are passed over."""
    query = (
        select(runtimes).where(runtimes.c.name.in_([one.name for one in contacts])).order_by(runtimes.c.name)
    )
    found = (await transaction.connection.execute(query.with_for_update(key_share=True))).all()
    before: dict[str, Row[Any]] = {row.name: row for row in found}
    known = [one for one in contacts if one.name in before]
    announced = [_build_announcement(one.name, one.info) for one in known if one.info is not None]
    if known:
        await transaction.connection.execute(
            _REACHED, [_build_contact(one, transaction.now) for one in known]
        )
    if announced:
        await transaction.connection.execute(_ANNOUNCED, announced)
    changed = [one.name for one in known if _is_another(before[one.name], one)]
    if changed:
        await mark_due(transaction, runtimes=changed)
