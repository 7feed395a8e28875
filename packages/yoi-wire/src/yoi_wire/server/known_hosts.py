"""Allowed `Host` names of a server on loopback, against DNS rebinding (K-09).

A web page whose own name was pointed at 127.0.0.1 is, to a browser, of the same origin as this server; its `Host` gives
it away. With TLS the certificate does that, and behind a proxy names are the proxy's business.
"""

import ipaddress
from collections.abc import Collection, MutableMapping
from typing import Any

_UNKNOWN_HOST_KEY = "yoi_unknown_host"


def is_known_host(host: str, names: Collection[str]) -> bool:
    """Tell whether a `Host` header means this host itself.

    Args:
        host: The header's value, with or without a port.
        names: Further names that the operator gave this server.
    """
    name = _strip_port(host.strip().lower())
    if name.removesuffix(".") in {"localhost", *(one.lower() for one in names)}:
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _strip_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def note_host(scope: MutableMapping[str, Any], names: Collection[str]) -> None:
    """Keep in a request's scope whether its `Host` is unknown; a request without one is from no browser.

    The server below gives a request without the header one that is empty.
    """
    hosts = [value for name, value in scope.get("headers", ()) if name.lower() == b"host" and value.strip()]
    if any(not is_known_host(value.decode("latin-1"), names) for value in hosts):
        scope[_UNKNOWN_HOST_KEY] = True


def has_unknown_host(scope: MutableMapping[str, Any]) -> bool:
    return bool(scope.get(_UNKNOWN_HOST_KEY, False))
