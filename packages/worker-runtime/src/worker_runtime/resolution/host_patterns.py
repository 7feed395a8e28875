"""Host patterns as the sets of hosts and ports that they match (S-02).

`docs.python.org` is that name, `*.example.com` any name below it but not itself. `NAME:8080` is one port; without a
port a pattern matches `yoi_bundle.calls.urls.WEB_PORTS`, as in a rule about a URL.
"""

from collections.abc import Iterable

from yoi_bundle.calls.urls import WEB_PORTS, parse_host_pattern


def includes(outer: str, inner: str) -> bool:
    """Tell whether all that `inner` matches is matched by `outer`."""
    outer_name, outer_ports = _split(outer)
    inner_name, inner_ports = _split(inner)
    return inner_ports <= outer_ports and _name_within(inner_name, outer_name)


def intersect(left: str, right: str) -> str | None:
    """Return the pattern of what both match, or None.

    Of two names one includes the other or they have nothing in common, and likewise of two sets of ports; only the
    narrower name and the narrower ports may come from different sides: `*.a.org:80` and `b.a.org` give `b.a.org:80`.
    """
    left_name, left_ports = _split(left)
    right_name, right_ports = _split(right)
    if _name_within(left_name, right_name):
        name = left_name
    elif _name_within(right_name, left_name):
        name = right_name
    else:
        return None
    ports = left_ports & right_ports
    if not ports:
        return None
    return name if ports == WEB_PORTS else f"{name}:{min(ports)}"


def intersect_all(patterns: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Return what two sets of patterns have in common, without patterns that others include, sorted."""
    allowed = tuple(others)
    common = {both for one in patterns for other in allowed if (both := intersect(one, other)) is not None}
    return tuple(
        sorted(one for one in common if not any(one != other and includes(other, one) for other in common))
    )


def _split(pattern: str) -> tuple[str, frozenset[int]]:
    return pattern.partition(":")[0], parse_host_pattern(pattern).ports


def _name_within(inner: str, outer: str) -> bool:
    return inner == outer or (outer.startswith("*.") and inner.removeprefix("*").endswith(outer[1:]))
