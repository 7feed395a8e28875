"""Host patterns as the sets of hosts that they match (S-02).

`docs.python.org` is that name, `*.example.com` any name below it but not itself, `NAME:8080` one port of it;
without a port any port.
"""

from collections.abc import Iterable


def _split(pattern: str) -> tuple[str, str]:
    name, _, port = pattern.partition(":")
    return name, port


def _name_within(inner: str, outer: str) -> bool:
    if inner == outer:
        return True
    return outer.startswith("*.") and inner.removeprefix("*").endswith(outer[1:])


def includes(outer: str, inner: str) -> bool:
    """Tell whether every host of `inner` is one of `outer`."""
    outer_name, outer_port = _split(outer)
    inner_name, inner_port = _split(inner)
    return outer_port in ("", inner_port) and _name_within(inner_name, outer_name)


def intersect(left: str, right: str) -> str | None:
    """Return the pattern of the hosts that both match; two patterns overlap as one includes the other, or not at all.

    Only ports can make the two differ crosswise: `*.a.org:80` and `b.a.org` give `b.a.org:80`.
    """
    left_name, left_port = _split(left)
    right_name, right_port = _split(right)
    if left_port and right_port and left_port != right_port:
        return None
    if _name_within(left_name, right_name):
        name = left_name
    elif _name_within(right_name, left_name):
        name = right_name
    else:
        return None
    port = left_port or right_port
    return f"{name}:{port}" if port else name


def intersect_all(patterns: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Return what two sets of patterns have in common, as the fewest patterns that say it, sorted."""
    allowed = tuple(others)
    common = {both for one in patterns for other in allowed if (both := intersect(one, other)) is not None}
    return tuple(
        sorted(one for one in common if not any(one != other and includes(other, one) for other in common))
    )
