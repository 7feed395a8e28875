"""Validation of connections before they are kept, without a word of them in the answer (K-09)."""

import ipaddress
import ssl
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.errors import RequestInvalidError

_MAX_URL = 1000
_FINGERPRINT_DIGITS = 64


def verify_connection(connection: RuntimeConnection) -> None:
    """Check how a Runtime is to be dialled.

    Raises:
        RequestInvalidError: The URL is none, or not encrypted beyond this host; the fingerprint, the certificates or the
            path of the socket are none.
    """
    encrypted = _verify_url(connection.url, local=bool(connection.socket))
    if connection.socket and not _is_path(connection.socket):
        raise RequestInvalidError("an absolute path", field="connection.socket")
    if (connection.fingerprint or connection.authority) and not encrypted:
        raise RequestInvalidError("has no use without https", field="connection.url")
    if connection.fingerprint and not _is_fingerprint(connection.fingerprint):
        raise RequestInvalidError("64 hexadecimal digits", field="connection.fingerprint")
    if connection.authority:
        _verify_authority(connection.authority)


def _verify_url(url: str, *, local: bool) -> bool:
    """Check a URL; tell whether it is encrypted."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RequestInvalidError("https://HOST:PORT", field="connection.url") from None
    plain = parts.scheme in {"http", "https"} and parts.hostname and parts.path in {"", "/"} and port != 0
    if not plain or parts.username is not None or parts.query or parts.fragment or len(url) > _MAX_URL:
        raise RequestInvalidError("https://HOST:PORT", field="connection.url")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise RequestInvalidError("https://HOST:PORT", field="connection.url")
    if parts.scheme == "http" and not local and not _is_loopback(parts.hostname or ""):
        raise RequestInvalidError("https beyond this host", field="connection.url")
    return parts.scheme == "https" and not local


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_path(text: str) -> bool:
    return PurePosixPath(text).is_absolute() and "\0" not in text


def _is_fingerprint(text: str) -> bool:
    digits = text.removeprefix("sha256:")
    return len(digits) == _FINGERPRINT_DIGITS and all(one in "0123456789abcdefABCDEF" for one in digits)


def _verify_authority(text: str) -> None:
    try:
        found = ssl.create_default_context(cadata=text).get_ca_certs()
    except (ssl.SSLError, ValueError):
        found = []
    if not found:
        raise RequestInvalidError("certificates in PEM form", field="connection.authority")
