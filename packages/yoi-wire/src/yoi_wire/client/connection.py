"""Requests to one peer: pooled, with deadlines, repeated only where a repetition can do no harm.

aiohttp is imported with the first request: a program that asks nobody does not pay for it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeAlias, TypeVar

from yoi_bundle.errors import LimitExceededError, YoiError
from yoi_wire.client.deadlines import Deadlines, RequestDeadline
from yoi_wire.client.endpoint import Endpoint, build_connector
from yoi_wire.client.event_parser import EventParser, ServerEvent
from yoi_wire.client.messages import Answer, Request, build_request, decode_answer
from yoi_wire.client.retry import Patience
from yoi_wire.errors import UnauthenticatedError
from yoi_wire.operation import Operation
from yoi_wire.paging import MAX_PAGE_SIZE, Page, collect_pages
from yoi_wire.trace_context import build_trace_headers

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

AnswerType = TypeVar("AnswerType")
Member = TypeVar("Member")
CallerType = TypeVar("CallerType")
AskingType_contra = TypeVar("AskingType_contra", contravariant=True)
FailureReason: TypeAlias = Literal["unreachable", "untrusted"]

_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_FOLLOWING = Patience(attempts=8)


class Credentials(Protocol[AskingType_contra]):
    """Gives the headers that say who asks."""

    def build_headers(self, caller: AskingType_contra) -> Mapping[str, str]:
        """Return the headers for one request; a ValueError says that the caller cannot stand in any."""

    def forget(self, caller: AskingType_contra) -> bool:
        """Drop what was refused; tell whether asking again with something fresh makes sense."""


@dataclass(frozen=True, kw_only=True)
class PeerErrors:
    """The errors that failures of one kind of peer are raised as.

    Attributes:
        rebuild: From status, body and headers of a refusal to the error that it stands for.
        build_failure: From why there was no answer at all.
    """

    rebuild: Callable[[int, bytes, Mapping[str, str]], YoiError]
    build_failure: Callable[[FailureReason], YoiError]


class Connection(Generic[CallerType]):
    """A pool of connections to one endpoint; made in the event loop that uses it.

    Args:
        endpoint: Where the peer is.
        credentials: Say who asks.
        errors: What is raised when it refuses, or does not answer.
        deadlines: For every request.
        connections: How many at once.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials[CallerType],
        errors: PeerErrors,
        *,
        deadlines: Deadlines | None = None,
        connections: int = 16,
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._errors = errors
        self._deadlines = deadlines or Deadlines()
        self._connections = connections
        self._session: ClientSession | None = None

    async def close(self) -> None:
        """Close all connections; the next request opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self, caller: CallerType, operation: Operation[AnswerType], /, **arguments: object
    ) -> AnswerType:
        """Ask for an operation, and return its answer as the value that it stands for.

        Args:
            caller: Who asks.
            operation: Which one.
            arguments: See `build_request`.

        Raises:
            YoiError: What the peer refused; that it did not answer; `internal`: its answer is of another form.
        """
        return decode_answer(operation, await self.fetch(caller, operation, **arguments))

    async def fetch(
        self, caller: CallerType, operation: Operation[AnswerType], /, **arguments: object
    ) -> Answer:
        """Ask for an operation, and return the whole answer of success; otherwise like `call`."""
        return self.verify(await self.send(caller, build_request(operation, arguments)))

    async def collect(
        self, caller: CallerType, operation: Operation[Page[Member]], /, **arguments: object
    ) -> list[Member]:
        """Return a list to its end, following the cursor of each page; otherwise like `call`."""
        asked = {"limit": MAX_PAGE_SIZE, **arguments}
        return await collect_pages(lambda cursor: self.call(caller, operation, **{**asked, "cursor": cursor}))

    def verify(self, answer: Answer) -> Answer:
        """Return an answer of success; any other is raised as the error that it stands for."""
        if answer.status >= 300:
            raise self._errors.rebuild(answer.status, answer.body, answer.headers)
        return answer

    async def send(self, caller: CallerType, request: Request) -> Answer:
        """Ask, and return the answer, be it a refusal; a refused token is replaced once.

        Raises:
            YoiError: No answer came, or one that is too long.
        """
        answer = await self._send_again_if_cut(caller, request)
        if answer.status == 401 and self._credentials.forget(caller) and not request.is_streamed:
            return await self._send_again_if_cut(caller, request)
        return answer

    async def follow(
        self,
        caller: CallerType,
        operation: Operation[AnswerType],
        /,
        *,
        last_id: str = "",
        patience: Patience = _FOLLOWING,
        **arguments: object,
    ) -> AsyncGenerator[ServerEvent, None]:
        """Yield events as they come, without end; a cut is mended, and none is left out or given twice.

        Args:
            caller: Who asks.
            operation: One that can answer with a stream.
            last_id: Id of the last event that was seen; empty for from now on.
            patience: How often in a row to connect again without any event in between.
            arguments: See `build_request`.

        Raises:
            YoiError: What the peer refused, or that it stays away.
        """
        failures = 0
        while True:
            gone = self._errors.build_failure("unreachable")
            headers = {"Last-Event-ID": last_id} if last_id else {}
            request = build_request(operation, arguments, headers=headers, media_type="text/event-stream")
            try:
                async for event in self._read_stream(caller, request, last_id):
                    last_id, failures = event.id, 0
                    yield event
            except YoiError as error:
                gone = error
            failures += 1
            if not gone.retryable or failures >= patience.attempts:
                raise gone
            await patience.sleep(patience.backoff.compute_wait(gone, failures=failures, draw=patience.draw()))

    async def _read_stream(
        self, caller: CallerType, request: Request, last_id: str
    ) -> AsyncIterator[ServerEvent]:
        import aiohttp
        from yarl import URL

        deadlines = self._deadlines
        parser = EventParser(last_id)
        try:
            async with self._open_session().request(
                request.method,
                URL(request.path, encoded=True),
                params=request.query,
                headers=self._build_headers(caller, request),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=deadlines.connect_seconds, sock_read=deadlines.silence_seconds
                ),
            ) as response:
                if response.status != 200:
                    content = await _read_content(response, request.method)
                    raise self._errors.rebuild(response.status, content, response.headers)
                async for piece in response.content.iter_any():
                    for event in parser.feed(piece):
                        yield event
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._build_failure(error) from error

    async def _send_again_if_cut(self, caller: CallerType, request: Request) -> Answer:
        import aiohttp

        try:
            return await self._send(caller, request)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
            # A pooled connection may have been closed by the other side just now; the next one is fresh.
            if not request.can_be_repeated:
                raise self._build_failure(error) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._build_failure(error) from error
        try:
            return await self._send(caller, request)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._build_failure(error) from error

    async def _send(self, caller: CallerType, request: Request) -> Answer:
        from yarl import URL

        headers = {**self._build_headers(caller, request), **_state_length(request.body)}
        session = self._open_session()
        async with asyncio.timeout(None) as running:
            deadline = RequestDeadline(running, self._deadlines, request.body)
            try:
                async with session.request(
                    request.method,
                    URL(request.path, encoded=True),
                    params=request.query,
                    headers=headers,
                    data=deadline.watch_body(),
                    allow_redirects=False,
                ) as response:
                    content = await _read_content(response, request.method)
                    return Answer(status=response.status, body=content, headers=response.headers)
            finally:
                deadline.stop()

    def _build_headers(self, caller: CallerType, request: Request) -> dict[str, str]:
        try:
            credentials = self._credentials.build_headers(caller)
        except ValueError:
            raise UnauthenticatedError("the caller cannot stand in a token") from None
        return {**credentials, **build_trace_headers(), **request.headers}

    def _open_session(self) -> "ClientSession":
        import aiohttp

        if self._session is None:
            deadlines = self._deadlines
            self._session = aiohttp.ClientSession(
                self._endpoint.url,
                connector=build_connector(self._endpoint, connections=self._connections),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=deadlines.connect_seconds, sock_read=deadlines.idle_seconds
                ),
                headers={"User-Agent": "yoi"},
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    def _build_failure(self, error: Exception) -> YoiError:
        import aiohttp

        untrusted = aiohttp.ClientConnectorCertificateError | aiohttp.ServerFingerprintMismatch
        return self._errors.build_failure("untrusted" if isinstance(error, untrusted) else "unreachable")


async def _read_content(response: "ClientResponse", method: str) -> bytes:
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


def _state_length(body: bytes | AsyncIterable[bytes] | None) -> dict[str, str]:
    """Bytes may go in pieces, and are of a known length nevertheless."""
    return {"Content-Length": str(len(body))} if isinstance(body, bytes) else {}
