"""Dialer: from a registered Runtime to its `RuntimeApi`, in this process or over the network (K-02).

`RuntimeApi` says nothing of who dials, so that a Runtime which dials out itself can be given here one day.
"""

import ipaddress
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import ALL_SCOPES, LOCAL_ISSUER, Caller
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.trust.identity import Identity
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.client.deadlines import Deadlines
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.clock import Clock
from yoi_wire.errors import RequestInvalidError, RuntimeUnavailableError
from yoi_workspace_server.runtimes import RegisteredRuntime

SUBJECT = "backend"
"""What leases on Runtimes belong to; every replica is the same caller, so that one goes on where another stopped."""


class Dialled(NamedTuple):
    """A Runtime that can be asked.

    Attributes:
        issuer: On whose word it acts; `local` for one in this process.
    """

    api: RuntimeApi
    issuer: str

    def build_caller(self, *workspaces: str) -> Caller:
        """Return the Backend as caller, for these workspaces alone."""
        return Caller(
            kind="local" if self.issuer == LOCAL_ISSUER else "remote",
            issuer=self.issuer,
            workspaces=frozenset(workspaces),
            scopes=ALL_SCOPES,
            subject=SUBJECT,
        )


class _Kept(NamedTuple):
    connection: RuntimeConnection
    audience: str
    key_id: str
    runtime: RemoteRuntime


def build_endpoint(connection: RuntimeConnection) -> Endpoint:
    """Return where to dial, and whom to believe there."""
    return Endpoint(
        url=connection.url,
        socket=Path(connection.socket) if connection.socket else None,
        authority_text=connection.authority or None,
        fingerprint=connection.fingerprint or None,
    )


_MAX_URL = 1000
_FINGERPRINT_DIGITS = 64


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


class Dialer:
    """Keeps connections open for as long as nothing about them changes; made in the event loop that uses it.

    Args:
        get_identity: Whose word remote Runtimes are to trust, as it is now.
        clock: For the lifetime of tokens.
        embedded: The Runtimes of this process, by their ids.
        deadlines: For every request to a remote one.
    """

    def __init__(
        self,
        get_identity: Callable[[], Identity],
        *,
        clock: Clock,
        embedded: Mapping[str, RuntimeApi] | None = None,
        deadlines: Deadlines | None = None,
    ) -> None:
        self._get_identity = get_identity
        self._clock = clock
        self._embedded = dict(embedded or {})
        self._deadlines = deadlines or Deadlines()
        self._kept: dict[str, _Kept] = {}
        self._retired: list[RemoteRuntime] = []

    def add_embedded(self, audience: str, runtime: RuntimeApi) -> None:
        """Give a Runtime of this process by its id."""
        self._embedded[audience] = runtime

    @property
    def embedded(self) -> frozenset[str]:
        """Ids of the Runtimes of this process."""
        return frozenset(self._embedded)

    def reaches(self, runtime: RegisteredRuntime) -> bool:
        """Tell whether this process has a way to the Runtime; one embedded in another process it has none to (K-08)."""
        return runtime.connection is not None or runtime.audience in self._embedded

    def dial(self, runtime: RegisteredRuntime) -> Dialled:
        """Return the way to a Runtime; nothing is connected before it is asked.

        Raises:
            RuntimeUnavailableError: It is embedded in another process.
            RequestInvalidError, StoreCorruptError: The Backend has no identity to sign with.
        """
        if runtime.connection is None:
            embedded = self._embedded.get(runtime.audience)
            if embedded is None:
                raise RuntimeUnavailableError("unreachable")
            return Dialled(embedded, LOCAL_ISSUER)
        identity = self._get_identity()
        kept = self._kept.get(runtime.name)
        wanted = (runtime.connection, runtime.audience, identity.active.key_id)
        if kept is None or kept[:3] != wanted:
            if kept is not None:
                self._retired.append(kept.runtime)
            kept = _Kept(*wanted, self._open(runtime.connection, runtime.audience, identity))
            self._kept[runtime.name] = kept
        return Dialled(kept.runtime, identity.issuer)

    def forget(self, name: str) -> None:
        """Have a Runtime's connections closed that is no longer registered."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            self._retired.append(kept.runtime)

    async def close_retired(self) -> None:
        """Close the connections that nothing uses any more."""
        retired, self._retired = self._retired, []
        for runtime in retired:
            await runtime.close()

    async def close(self) -> None:
        """Close every connection."""
        for name in list(self._kept):
            self.forget(name)
        await self.close_retired()

    def _open(self, connection: RuntimeConnection, audience: str, identity: Identity) -> RemoteRuntime:
        credentials = SignedCredentials(identity, audience=audience, clock=self._clock)
        return RemoteRuntime(Connection(build_endpoint(connection), credentials, deadlines=self._deadlines))


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
