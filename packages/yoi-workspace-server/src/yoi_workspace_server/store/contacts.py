"""Contacts with Runtimes, in the database; a change for the better makes their pairs due (K-04)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, case, select, update

from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_workspace_server.runtimes import RuntimeContact
from yoi_workspace_server.store.database.transactions import Transaction
from yoi_workspace_server.store.due_pairs import mark_due
from yoi_workspace_server.store.tables import runtimes

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
