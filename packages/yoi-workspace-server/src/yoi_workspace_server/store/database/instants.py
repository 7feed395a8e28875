"""Instants: from RFC 3339 to milliseconds, for those that come from a Runtime or a caller."""

from datetime import UTC, datetime

from yoi_wire.errors import RequestInvalidError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_instant(text: str) -> int:
    """Return milliseconds since 1970-01-01T00:00:00Z.

    Raises:
        RequestInvalidError: The text is no instant with an offset.
    """
    try:
        elapsed = datetime.fromisoformat(text) - _EPOCH
    except (ValueError, TypeError):
        raise RequestInvalidError("not an instant of RFC 3339", field="instant") from None
    return (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000
