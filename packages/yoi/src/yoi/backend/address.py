"""Where a Backend is, how it is known to be the right one, and what its caller proves itself with (K-09)."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from yoi_wire.errors import RequestInvalidError

if TYPE_CHECKING:
    from yoi_wire.client.endpoint import Endpoint

_SOCKET = "unix:"


@dataclass(frozen=True, kw_only=True)
class BackendAddress:
    """A Backend, and a token for it.

    Attributes:
        url: `https://HOST[:PORT]`, `http://` towards loopback, or `unix:PATH`.
        token: The API token; in no representation, and on no command line.
        authority: PEM text of a private CA; then no other is believed.
        fingerprint: SHA-256 of the server's certificate; then that one alone is believed.
    """

    url: str
    token: str = field(repr=False)
    authority: str | None = None
    fingerprint: str | None = None

    def build_endpoint(self) -> "Endpoint":
        """Return what is dialled.

        Raises:
            RequestInvalidError: See `parse_backend_url`.
        """
        from yoi_wire.client.endpoint import Endpoint

        url = parse_backend_url(self.url)
        if url.startswith(_SOCKET):
            return Endpoint(socket=Path(url.removeprefix(_SOCKET)))
        return Endpoint(url=url, authority_text=self.authority, fingerprint=self.fingerprint)


def parse_backend_url(text: str) -> str:
    """Return a URL in the one form in which it is kept and compared: without a slash at its end.

    Raises:
        RequestInvalidError: It is none, has more than scheme, host and port, or would carry the token readable over a
            network.
    """
    if text.startswith(_SOCKET) and len(text) > len(_SOCKET):
        return f"{_SOCKET}{Path(text.removeprefix(_SOCKET).removeprefix('//')).absolute()}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _refuse() from None
    if parts.scheme not in {"https", "http"} or not host or _says_more(parts):
        raise _refuse()
    if parts.scheme == "http" and not _is_loopback(host):
        raise RequestInvalidError(
            "http:// is for this host alone; elsewhere the token needs https://", field="url"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _refuse() -> RequestInvalidError:
    return RequestInvalidError("https://HOST[:PORT], http:// towards this host, or unix:PATH", field="url")


def _says_more(parts: SplitResult) -> bool:
    return "@" in parts.netloc or parts.path not in {"", "/"} or bool(parts.query or parts.fragment)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
