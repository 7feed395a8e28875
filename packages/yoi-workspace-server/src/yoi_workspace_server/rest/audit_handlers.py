"""Handlers of the audit: read it page by page, or as it grows (K-10)."""

import time

import msgspec
from starlette.responses import StreamingResponse

from yoi_wire.backend.audit import AuditView, PruneRequest
from yoi_wire.backend.errors import WorkspaceNotFoundError
from yoi_wire.backend.operations import FOLLOW_AUDIT, LIST_AUDIT, PRUNE_AUDIT
from yoi_wire.paging import Page
from yoi_wire.server.event_stream import Batch, Event, answer_events, read_last_event_id
from yoi_wire.server.http_state import OpenStreams
from yoi_wire.server.router import handles
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.store.audit import AuditFilter
from yoi_workspace_server.views.tokens import build_audit_view


@handles(LIST_AUDIT)
async def list_audit(
    call: BackendCall,
    *,
    workspace: str | None,
    actor: str | None,
    action: str | None,
    since: int | None,
    until: int | None,
    cursor: str | None,
    limit: int,
) -> Page[AuditView]:
    """Answer with a page; a token of some workspaces sees what concerns those and nothing else."""
    principal = call.caller
    if workspace is not None and not principal.sees(workspace):
        raise WorkspaceNotFoundError(workspace)
    page = await call.services.store.audit.list_records(
        AuditFilter(workspace=workspace, actor=actor, action=action, since=since, until=until),
        within=principal.workspaces,
        limit=limit,
        cursor=cursor,
    )
    return page.map(build_audit_view)


@handles(PRUNE_AUDIT)
async def prune_audit(call: BackendCall, body: PruneRequest) -> AuditView:
    """Answer with the record of the pruning itself."""
    services = call.services
    record = await services.store.audit.prune(
        body.through, record_hash=body.hash, actor=call.caller.name, now=services.clock.now()
    )
    return build_audit_view(record)


@handles(FOLLOW_AUDIT)
async def follow_audit(call: BackendCall, after: int | None) -> StreamingResponse:
    last = read_last_event_id(call.request)
    position = after if last is None else last
    if position is None:
        position = await call.services.store.audit.find_last()
    return await answer_events(call.services.http, AuditEvents(call), position)


_TURN_SECONDS = 0.5
"""How soon a stream notices that the server stops."""

_LOOK_SECONDS = 5.0
"""How soon a record is found whose wakeup got lost, and a token that is no longer in force."""

_PAGE_SIZE = 100


class AuditEvents:
    """The audit records that a principal may read, until its token is no longer in force."""

    def __init__(self, call: BackendCall) -> None:
        self._call = call
        self._principal = call.caller
        self._seen = 0
        self._read_before = False
        self._looked_at = time.monotonic()

    async def read(self, after: int) -> Batch:
        if self._read_before:
            self._principal = await self._call.authorize()
        self._read_before = True
        self._looked_at = time.monotonic()
        store = self._call.services.store
        self._seen = store.wakeups.count("audit")
        records = await store.audit.read_after(after, within=self._principal.workspaces, limit=_PAGE_SIZE)
        events = tuple(
            Event(record.sequence, record.action, msgspec.json.encode(build_audit_view(record)))
            for record in records
        )
        last = records[-1].sequence if records else after
        return Batch(events, last, more=len(records) == _PAGE_SIZE)

    async def wait(self, streams: OpenStreams) -> bool:
        """Wait for a wakeup, or until it is time to look without one."""
        wakeups = self._call.services.store.wakeups
        while time.monotonic() - self._looked_at < _LOOK_SECONDS:
            woken = await wakeups.wait("audit", seen=self._seen, timeout_seconds=_TURN_SECONDS)
            if not await streams.pause(0):
                return False
            if woken != self._seen:
                return True
        return True
