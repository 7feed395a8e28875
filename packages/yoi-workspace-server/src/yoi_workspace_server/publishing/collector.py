"""Collector of old bundles: goes through all workspaces from time to time (K-10)."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import YoiError
from yoi_bundle.verified import verify_manifest
from yoi_wire.clock import Clock
from yoi_wire.paging import MAX_PAGE_SIZE, collect_pages
from yoi_workspace_server.event_log import LOG
from yoi_workspace_server.store.retention import RetentionRules
from yoi_workspace_server.store.store import Store


class BundleCollector:
    """Takes out of every workspace what its retention does not keep, until it is told to stop.

    Args:
        store: Where workspaces are.
        rules: What is kept.
        clock: The source of time.
        period_seconds: From one round to the next.
    """

    def __init__(
        self, store: Store, rules: RetentionRules, *, clock: Clock, period_seconds: float = 3600.0
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._period_seconds = period_seconds

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._period_seconds):
                    await stopping.wait()
            if not stopping.is_set():
                await self.collect_all()

    async def collect_all(self) -> None:
        """Go through all workspaces once; a fault of one leaves the others to be looked at."""
        try:
            found = await collect_pages(
                lambda cursor: self._store.workspaces.list_workspaces(limit=MAX_PAGE_SIZE, cursor=cursor)
            )
        except YoiError as error:
            LOG.event("collecting_paused", code=error.code)
            return
        for workspace in found:
            try:
                await self._store.retention.collect(
                    workspace.id, self._rules, list_blobs=list_manifest_blobs, now=self._clock.now()
                )
            except YoiError as error:
                LOG.event("not_collected", workspace=workspace.id, code=error.code)
            except Exception as error:  # noqa: BLE001 - a supervising loop outlives what it supervises
                LOG.event("collecting_fault", workspace=workspace.id, error=type(error).__name__)


def list_manifest_blobs(manifest: bytes) -> Iterable[str]:
    """Return the digests of a stored manifest's blobs."""
    return verify_manifest(manifest, compute_digest(manifest)).blobs
