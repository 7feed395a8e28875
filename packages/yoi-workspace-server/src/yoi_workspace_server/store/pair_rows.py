"""Pair rows, joined with their workspace, as values."""

from typing import Any

from sqlalchemy import Row, Select, select

from yoi_wire.clock import format_instant
from yoi_workspace_server.store.tables import pairs, workspaces
from yoi_workspace_server.store.workspaces import read_active
from yoi_workspace_server.sync_plan import Observed
from yoi_workspace_server.sync_status import PairKey, PairStatus

_ACTIVE = (workspaces.c.active_digest, workspaces.c.active_revision, workspaces.c.active_generation)


def select_statuses() -> Select[Any]:
    """Return the query of pairs as `read_status` reads them."""
    return select(pairs, *_ACTIVE).join(workspaces, workspaces.c.id == pairs.c.workspace)


def read_status(row: Row[Any]) -> PairStatus:
    """Read a row of `select_statuses`."""
    return PairStatus(
        key=PairKey(row.runtime, row.workspace),
        placed=row.placed,
        placement_generation=row.placement_generation,
        active=read_active(row),
        observed=_read_observed(row),
        holdings=row.holdings,
        attempts=row.attempts,
        problem=row.problem,
        last_attempt_at=_format(row.last_attempt_at),
        last_success_at=_format(row.last_success_at),
        due_at=_format(row.due_at),
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
