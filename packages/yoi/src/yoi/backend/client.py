"""A Backend over HTTP: what online commands ask it by, `/api/v1` and nothing else."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from yoi.backend.address import BackendAddress
from yoi.backend.errors import rebuild_backend_error
from yoi_bundle.errors import LimitExceededError, YoiError
from yoi_wire.backend.errors import BackendUnavailableError
from yoi_wire.client.endpoint import build_connector
from yoi_wire.client.event_parser import EventParser, ServerEvent
from yoi_wire.client.retry import Patience
from yoi_wire.errors import RemoteFaultError, RequestInvalidError
from yoi_wire.paging import MAX_PAGE_SIZE
from yoi_wire.problems import find_request_id
from yoi_wire.trace_context import build_trace_headers

Result = TypeVar("Result")
_API = "/api/v1"
_CONNECTIONS = 4
_CONNECT_SECONDS = 10.0

_ANSWER_SECONDS = 600.0
"""A build, or the check of a whole bundle, is answered when it has ended."""

_SILENCE_SECONDS = 60.0
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_FOLLOWING = Patience(attempts=8)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def decode(self) -> Any:
        """Return the body's JSON as builtins; None for an empty one.

        Raises:
            YoiError: What the Backend refused; see `rebuild_backend_error`.
        """
        if self.status >= 300:
            raise rebuild_backend_error(self.status, self.body, self.headers)
        if not self.body:
            return None
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            request = find_request_id(self.headers)
            raise RemoteFaultError("an answer of another form", request=request) from None


class BackendClient:
    """Asks one Backend; made and closed in one event loop, as an asynchronous context."""

    def __init__(self, address: BackendAddress) -> None:
        endpoint = address.build_endpoint()
        self._token = address.token
        self._session = aiohttp.ClientSession(
            endpoint.url,
            connector=build_connector(endpoint, connections=_CONNECTIONS),
            headers={"User-Agent": "yoi", "Accept": "application/json"},
            skip_auto_headers=("Accept-Encoding", "Content-Type"),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, *segments: str, **query: str) -> Any:
        """Return a document; errors as in `Answer.decode`."""
        return (await self.send("GET", *segments, query=query)).decode()

    async def post(self, *segments: str, document: Any = None) -> Any:
        return (await self.send("POST", *segments, document=document)).decode()

    async def put(self, *segments: str, document: Any) -> Any:
        return (await self.send("PUT", *segments, document=document)).decode()

    async def patch(self, *segments: str, document: Any) -> Any:
        return (await self.send("PATCH", *segments, document=document)).decode()

    async def delete(self, *segments: str, **query: str) -> None:
        (await self.send("DELETE", *segments, query=query)).decode()

    async def upload(self, *segments: str, content: AsyncIterable[bytes], media_type: str) -> Any:
        """Send a body of any length, and return what the answer holds."""
        headers = {"Content-Type": media_type}
        return (await self._ask("POST", segments, data=content, headers=headers)).decode()

    async def collect(self, *segments: str, **query: str) -> list[dict[str, Any]]:
        """Return a list to its end, following the cursor of each page."""
        items: list[dict[str, Any]] = []
        query = {"limit": str(MAX_PAGE_SIZE), **query}
        while True:
            page = await self.get(*segments, **query)
            items += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return items
            query["cursor"] = cursor

    async def send(
        self, method: str, *segments: str, document: Any = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask, and return the answer, be it a problem.

        Args:
            method: Of HTTP.
            segments: The path below `/api/v1`, unquoted.
            document: What the body says as JSON; None for no body.
            query: Parameters.

        Raises:
            YoiError: `backend.unavailable`: no answer came; `request.invalid`: a segment is none.
        """
        if document is None:
            return await self._ask(method, segments, params=query)
        body = msgspec.json.encode(document)
        headers = {"Content-Type": "application/json"}
        return await self._ask(method, segments, params=query, data=body, headers=headers)

    async def follow(
        self, *segments: str, after: str = "", patience: Patience = _FOLLOWING
    ) -> AsyncGenerator[ServerEvent, None]:
        """Yield events as they come, without end; a cut is mended, and none is left out or given twice.

        Args:
            segments: The path of a stream.
            after: Id of the last event that was seen; empty for from now on.
            patience: How often in a row to connect again without any event in between.

        Raises:
            YoiError: What the Backend refused, or that it stays away.
        """
        failures = 0
        while True:
            gone: YoiError = BackendUnavailableError("unreachable")
            try:
                async for event in self._read_stream(segments, after):
                    after, failures = event.id, 0
                    yield event
            except YoiError as error:
                gone = error
            failures += 1
            if not gone.retryable or failures >= patience.attempts:
                raise gone
            await patience.sleep(patience.backoff.compute_wait(gone, failures=failures, draw=patience.draw()))

    async def _read_stream(self, segments: tuple[str, ...], after: str) -> AsyncIterator[ServerEvent]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS)
        parser = EventParser(after)
        try:
            async with self._open("GET", segments, timeout=timeout, headers=headers) as response:
                if response.status != 200:
                    raise rebuild_backend_error(response.status, await _read_body(response), response.headers)
                async for piece in response.content.iter_any():
                    for event in parser.feed(piece):
                        yield event
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _build_failure(error) from error

    async def _ask(self, method: str, segments: tuple[str, ...], **ask: Any) -> Answer:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_ANSWER_SECONDS)
        try:
            async with self._open(method, segments, timeout=timeout, **ask) as response:
                body = await _read_body(response)
                return Answer(status=response.status, body=body, headers=response.headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _build_failure(error) from error

    def _open(
        self,
        method: str,
        segments: tuple[str, ...],
        *,
        headers: Mapping[str, str] | None = None,
        **ask: Any,
    ) -> Any:
        proof = {"Authorization": f"Bearer {self._token}"}
        return self._session.request(
            method,
            _build_path(segments),
            headers={**proof, **build_trace_headers(), **(headers or {})},
            allow_redirects=False,
            **ask,
        )


def ask_backend(address: BackendAddress, operation: Callable[[BackendClient], Awaitable[Result]]) -> Result:
    """Ask a Backend from a program that has no event loop, and close all connections to it."""

    async def run() -> Result:
        async with BackendClient(address) as client:
            return await operation(client)

    return asyncio.run(run())


def _build_path(segments: tuple[str, ...]) -> URL:
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise RequestInvalidError("a name", field=segment or "name")
    return URL("/".join((_API, *(quote(one, safe=":") for one in segments))), encoded=True)


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    pieces: list[bytes] = []
    received = 0
    async for piece in response.content.iter_any():
        received += len(piece)
        if received > _MAX_ANSWER_BYTES:
            raise LimitExceededError(
                "answer_bytes", value=received, allowed=_MAX_ANSWER_BYTES, place="answer"
            )
        pieces.append(piece)
    return b"".join(pieces)


def _build_failure(error: Exception) -> YoiError:
    untrusted = aiohttp.ClientConnectorCertificateError | aiohttp.ServerFingerprintMismatch
    return BackendUnavailableError("untrusted" if isinstance(error, untrusted) else "unreachable")
