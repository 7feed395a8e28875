"""Metrics of the reconciler; by outcome, never by Runtime or workspace, of which there are too many (K-04)."""

from typing import Literal, TypeAlias

from prometheus_client import CollectorRegistry, Counter

from yoi_workspace_server.sync_status import Settlement

SyncOutcome: TypeAlias = Literal["changed", "confirmed", "idle", "rejected", "failed"]


class SyncMetrics:
    """Counts attempts.

    Args:
        registry: Of the server's other figures.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._syncs = Counter(
            "yoi_backend_syncs",
            "Attempts to bring a Runtime to what is desired",
            ["outcome"],
            registry=registry,
        )

    def count(self, settlement: Settlement) -> None:
        """Count an attempt whose end has been written down."""
        self._syncs.labels(classify_settlement(settlement)).inc()


def classify_settlement(settlement: Settlement) -> SyncOutcome:
    """Say what came of an attempt: `idle` when there was nothing to ask of the Runtime."""
    if settlement.rejection is not None:
        return "rejected"
    if not settlement.asked:
        return "idle"
    if settlement.problem is not None:
        return "failed"
    return "changed" if settlement.audit else "confirmed"
