"""Dialer: from a registered Runtime to its `RuntimeApi`, in this process or over the network (K-02).

`RuntimeApi` says nothing of who dials, so that a Runtime which dials out itself can be given here one day.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import ALL_SCOPES, LOCAL_ISSUER, Caller
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.deadlines import Deadlines
from worker_runtime.remote.endpoint import Endpoint
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.trust.identity import Identity
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.clock import Clock
from yoi_wire.errors import RuntimeUnavailableError
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


def build_endpoint(connection: RuntimeConnection) -> Endpoint:
    """Return where to dial, and whom to believe there."""
    return Endpoint(
        url=connection.url,
        socket=Path(connection.socket) if connection.socket else None,
        authority_text=connection.authority or None,
        fingerprint=connection.fingerprint or None,
    )
