"""Requests to one Runtime: pooled, with deadlines, repeated only where a repetition can do no harm."""

import asyncio
from collections.abc import AsyncIterable, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDictProxy

from worker_runtime.contract.caller import Caller
from worker_runtime.remote.credentials import Credentials
from worker_runtime.remote.deadlines import Deadlines, RequestDeadline
from worker_runtime.remote.endpoint import Endpoint, build_connector
from worker_runtime.remote.refusals import rebuild_error
from yoi_bundle.errors import LimitExceededError
from yoi_wire.errors import RuntimeUnavailableError, UnauthenticatedError
from yoi_wire.trace_context import build_trace_headers

_CONNECTIONS = 16
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
# A pooled connection may have been closed by the other side just now; the next one is fresh.
_REPEATED_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class Answer:
    """A whole answer of a Runtime."""

    def __init__(self, status: int, headers: CIMultiDictProxy[str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Connection:
    """A pool of connections to one endpoint; made in the event loop that uses it.

    Args:
        endpoint: Where the Runtime is.
        credentials: Say who asks, request by request.
        deadlines: The longest waits.
    """

    def __init__(
        self, endpoint: Endpoint, credentials: Credentials, *, deadlines: Deadlines | None = None
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._deadlines = deadlines or Deadlines()
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections; the next request opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        caller: Caller,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | AsyncIterable[bytes] | None = None,
        repeatable: bool = False,
        accept_staged: bool = False,
    ) -> Answer:
        """Ask, and return the whole answer.

        Args:
            caller: Who asks.
            method: Of HTTP.
            path: Already quoted.
            query: Parameters.
            headers: Beside those that say who asks.
            body: Bytes, or a stream, which is never sent twice.
            repeatable: Whether a POST may be sent again.
            accept_staged: Whether 409 is an answer like others.

        Raises:
            RuntimeUnavailableError: No answer came.
            YoiError: What the Runtime answered, as the class that it raised.
        """
        streamed = body is not None and not isinstance(body, bytes)
        again = not streamed and (repeatable or method in _REPEATED_METHODS)
        ask = {"query": query, "headers": headers, "body": body}
        answer = await self._ask(caller, method, path, again=again, **ask)
        if answer.status == 401 and self._credentials.forget(caller) and not streamed:
            answer = await self._ask(caller, method, path, again=again, **ask)
        if answer.status >= 400 and not (accept_staged and answer.status == 409):
            raise rebuild_error(answer.status, answer.body, answer.headers)
        return answer

    async def _ask(self, caller: Caller, method: str, path: str, *, again: bool, **ask: Any) -> Answer:
        try:
            return await self._send(caller, method, path, **ask)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError):
            if not again:
                raise RuntimeUnavailableError("unreachable") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RuntimeUnavailableError("unreachable") from error
        try:
            return await self._send(caller, method, path, **ask)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RuntimeUnavailableError("unreachable") from error

    async def _send(
        self,
        caller: Caller,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | AsyncIterable[bytes] | None,
    ) -> Answer:
        try:
            credentials = self._credentials.build_headers(caller)
        except ValueError:
            raise UnauthenticatedError("the caller cannot stand in a token") from None
        ask = {
            "params": query,
            "headers": {**credentials, **build_trace_headers(), **(headers or {}), **_say_length(body)},
            "allow_redirects": False,
        }
        async with asyncio.timeout(None) as running:
            deadline = RequestDeadline(running, self._deadlines, body)
            try:
                return await self._receive(method, path, data=deadline.watch_body(), **ask)
            finally:
                deadline.stop()

    async def _receive(self, method: str, path: str, **ask: Any) -> Answer:
        async with self._open_session().request(method, path, **ask) as response:
            content = await _read_answer(response, method)
            return Answer(response.status, response.headers, content)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            deadlines = self._deadlines
            self._session = aiohttp.ClientSession(
                self._endpoint.url,
                connector=build_connector(self._endpoint, connections=_CONNECTIONS),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=deadlines.connect_seconds, sock_read=deadlines.idle_seconds
                ),
                headers={"User-Agent": "yoi"},
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


async def _read_answer(response: aiohttp.ClientResponse, method: str) -> bytes:
    if method == "HEAD":
        return response.headers.get("Yoi-Problem", "").encode("ascii", errors="replace")
    content = await response.content.read(_MAX_ANSWER_BYTES + 1)
    pieces = [content]
    received = len(content)
    while content:
        content = await response.content.read(_MAX_ANSWER_BYTES + 1 - received)
        pieces.append(content)
        received += len(content)
        if received > _MAX_ANSWER_BYTES:
            raise LimitExceededError(
                "answer_bytes", value=received, allowed=_MAX_ANSWER_BYTES, place="answer"
            )
    return b"".join(pieces)


def _say_length(body: bytes | AsyncIterable[bytes] | None) -> dict[str, str]:
    """Bytes may go in pieces, and are of a known length nevertheless."""
    return {"Content-Length": str(len(body))} if isinstance(body, bytes) else {}


def quote_segment(text: str) -> str:
    """Write a text as one segment of a path (RFC 3986); a digest keeps its colon."""
    return quote(text, safe=":")
