"""Retention: how long things are kept, and how many may be under way (R-06)."""

from msgspec import Struct

from yoi_wire.clock import DAY, MINUTE

MEBIBYTE = 1024 * 1024


class Retention(Struct, frozen=True, kw_only=True):
    """Limits of what is kept.

    Attributes:
        lease_milliseconds: From the last verified batch to a lease's end.
        ended_pin_milliseconds: How long an ended Worker still pins its bundle.
        young_milliseconds: Bundles younger than this are kept.
        newest: How many of a workspace's bundles that nothing else holds are kept, whatever their age.
        max_leases: Leases in force on bundles under way, per workspace; one more is refused.
        max_covering_leases: Leases on bundles that are whole, per workspace; for one more the oldest gives way.
        max_staged_bytes: Declared size of the bundles under way, per workspace.
        retry_after_seconds: What an overloaded caller is told.
        max_rejections: Remembered refusals, per workspace.
    """

    lease_milliseconds: int = 15 * MINUTE
    ended_pin_milliseconds: int = 30 * DAY
    young_milliseconds: int = 7 * DAY
    newest: int = 10
    max_leases: int = 32
    max_covering_leases: int = 1024
    max_staged_bytes: int = 2048 * MEBIBYTE
    retry_after_seconds: int = 30
    max_rejections: int = 100


DEFAULT_RETENTION = Retention()
