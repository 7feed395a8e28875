"""Content negotiation by `Accept` and its weights (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence


def choose_media_type(accept: str, offered: Sequence[str]) -> str | None:
    """Return the offered media type that a caller prefers; of equals the first offered, None where it takes none.

    A range that cannot be read is passed over; a header without any readable range admits everything.
    """
    ranges = [parsed for text in accept.split(",") if (parsed := _parse_range(text)) is not None]
    if not ranges:
        return offered[0] if offered else None
    best, best_weight = None, 0.0
    for media_type in offered:
        weight = _find_weight(media_type, ranges)
        if weight > best_weight:
            best, best_weight = media_type, weight
    return best


def _find_weight(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the weight of the most specific range that the type fits."""
    kind = media_type.partition("/")[0]
    for pattern in (media_type, f"{kind}/*", "*/*"):
        weights = [weight for text, weight in ranges if text == pattern]
        if weights:
            return max(weights)
    return 0.0


def _parse_range(text: str) -> tuple[str, float] | None:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    kind, slash, subtype = name.partition("/")
    if not (kind and slash and subtype):
        return None
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return None
            return (name, weight) if 0 <= weight <= 1 else None
    return name, 1.0
