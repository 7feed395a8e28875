"""Endpoints: where a peer is, and how its caller knows that it is the right one (K-09)."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yoi_wire.errors import RequestInvalidError

if TYPE_CHECKING:
    from aiohttp import BaseConnector, Fingerprint

_FINGERPRINT_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The address of one peer.

    Attributes:
        url: `https://HOST:PORT`, or `http://` towards loopback; with a socket the host is only a name.
        socket: Path of a Unix socket.
        authority: PEM file of a private CA; then no other is believed.
        authority_text: The same as text, for who keeps it elsewhere than in a file.
        fingerprint: SHA-256 of the server's certificate (64 hexadecimal digits); then that one alone is believed.
    """

    url: str = "http://localhost"
    socket: Path | None = None
    authority: Path | None = None
    authority_text: str | None = None
    fingerprint: str | None = None


def build_connector(endpoint: Endpoint, *, connections: int) -> "BaseConnector":
    """Return a pool of connections to an endpoint.

    Raises:
        RequestInvalidError: The authority's file or the fingerprint is none.
    """
    import aiohttp

    if endpoint.socket is not None:
        return aiohttp.UnixConnector(path=str(endpoint.socket), limit=connections)
    return aiohttp.TCPConnector(limit=connections, ssl=_build_trust(endpoint))


def _build_trust(endpoint: Endpoint) -> "ssl.SSLContext | Fingerprint | bool":
    if endpoint.fingerprint is not None:
        return _parse_fingerprint(endpoint.fingerprint)
    if endpoint.authority is None and endpoint.authority_text is None:
        return True
    file = None if endpoint.authority is None else str(endpoint.authority)
    try:
        return ssl.create_default_context(cafile=file, cadata=endpoint.authority_text)
    except (OSError, ssl.SSLError) as error:
        raise RequestInvalidError("no certificate of an authority can be read", field="authority") from error


def _parse_fingerprint(text: str) -> "Fingerprint":
    try:
        digest = bytes.fromhex(text.removeprefix("sha256:"))
    except ValueError:
        digest = b""
    if len(digest) != _FINGERPRINT_BYTES:
        raise RequestInvalidError("64 hexadecimal digits", field="fingerprint")
    from aiohttp import Fingerprint

    return Fingerprint(digest)
