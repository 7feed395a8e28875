"""Client of a Backend: what online commands ask it by."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Self, TypeVar

from yoi.backend.address import BackendAddress
from yoi.backend.errors import rebuild_backend_error
from yoi_wire.backend.errors import BackendUnavailableError
from yoi_wire.client.connection import Connection, PeerErrors
from yoi_wire.client.deadlines import Deadlines
from yoi_wire.client.event_parser import ServerEvent
from yoi_wire.client.messages import Answer, build_request
from yoi_wire.client.retry import Patience
from yoi_wire.operation import Operation
from yoi_wire.paging import Page

AnswerType = TypeVar("AnswerType")
Member = TypeVar("Member")
Result = TypeVar("Result")

_CONNECTIONS = 4
_ERRORS = PeerErrors(rebuild=rebuild_backend_error, build_failure=BackendUnavailableError)
# A build, or the check of a whole bundle, is answered when it has ended.
_DEADLINES = Deadlines(idle_seconds=600.0, request_seconds=3600.0, stream_seconds=86_400.0)
_FOLLOWING = Patience(attempts=8)


class BackendClient:
    """Asks one Backend; made and closed in one event loop, as an asynchronous context."""

    def __init__(self, address: BackendAddress) -> None:
        self._connection = Connection(
            address.build_endpoint(),
            _TokenCredentials(address.token),
            _ERRORS,
            deadlines=_DEADLINES,
            connections=_CONNECTIONS,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def call(self, operation: Operation[AnswerType], /, **arguments: object) -> AnswerType:
        """Ask for an operation; see `Connection.call`.

        Raises:
            YoiError: What the Backend refused; see `rebuild_backend_error`. `backend.unavailable`: no answer came.
        """
        return await self._connection.call(None, operation, **arguments)

    async def collect(self, operation: Operation[Page[Member]], /, **arguments: object) -> list[Member]:
        """Return a list to its end; errors as in `call`."""
        return await self._connection.collect(None, operation, **arguments)

    async def send(self, operation: Operation[AnswerType], /, **arguments: object) -> Answer:
        """Ask, and return the answer, be it a problem."""
        return await self._connection.send(None, build_request(operation, arguments))

    async def fetch(self, operation: Operation[AnswerType], /, **arguments: object) -> Answer:
        """Ask, and return the whole answer of success; errors as in `call`."""
        return await self._connection.fetch(None, operation, **arguments)

    def follow(
        self,
        operation: Operation[AnswerType],
        /,
        *,
        last_id: str = "",
        patience: Patience = _FOLLOWING,
        **arguments: object,
    ) -> AsyncGenerator[ServerEvent, None]:
        """Yield events as they come; see `Connection.follow`."""
        return self._connection.follow(None, operation, last_id=last_id, patience=patience, **arguments)


class _TokenCredentials:
    """One API token, which nothing but a login replaces."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}

    def build_headers(self, caller: None) -> Mapping[str, str]:
        del caller
        return self._headers

    def forget(self, caller: None) -> bool:
        del caller
        return False


def ask_backend(address: BackendAddress, operation: Callable[[BackendClient], Awaitable[Result]]) -> Result:
    """Ask a Backend from a program that has no event loop, and close all connections to it."""

    async def run() -> Result:
        async with BackendClient(address) as client:
            return await operation(client)

    return asyncio.run(run())
