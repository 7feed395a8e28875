"""Settings of the reconciler: how much it does at once, and how long it waits."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from yoi_wire.client.retry import Backoff

Concurrency: TypeAlias = Annotated[int, Meta(ge=1, le=10_000)]
Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]


class ReconcilerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bounds of reconciling; times are seconds.

    Attributes:
        concurrency: Attempts of this process at once.
        concurrency_per_runtime: Of them, on one Runtime.
        lease_seconds: For how long a claim holds when its owner says nothing; others take over then.
        confirm_seconds: After a success, when the Runtime is asked again although nothing happened.
        inspect_seconds: When what a Runtime stores and uses is looked at again.
        hopeless_seconds: When a failure that will not pass by itself is tried again.
        probe_seconds: How often a Runtime is asked for its announcement.
        jitter: Part of each of these waits that is left to chance.
        backoff: After failures that may pass.
    """

    concurrency: Concurrency = 64
    concurrency_per_runtime: Concurrency = 4
    lease_seconds: Seconds = 60.0
    confirm_seconds: Seconds = 600.0
    inspect_seconds: Seconds = 600.0
    hopeless_seconds: Seconds = 900.0
    probe_seconds: Seconds = 30.0
    jitter: Annotated[float, Meta(ge=0, lt=1)] = 0.2
    backoff: Backoff = Backoff(first_seconds=1.0, max_seconds=120.0)

    def spread(self, seconds: float, draw: float) -> float:
        """Return a wait of about so many seconds, so that what began together does not stay together."""
        return seconds * (1 + self.jitter * (2 * draw - 1))
