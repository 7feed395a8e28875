"""The client of a Backend against a server of the test's own, which answers what the test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from support.processes.private_authority import certify_loopback
from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient
from yoi.backend.errors import BackendUnauthenticatedError
from yoi_bundle.errors import YoiError
from yoi_wire.backend.errors import BackendUnavailableError
from yoi_wire.client.retry import Backoff, Patience
from yoi_wire.errors import RequestInvalidError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_TOKEN = "-".join(("a", "token"))


@asynccontextmanager
async def _serving(handler: Handler, trust: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust)
    await site.start()
    try:
        yield f"{'http' if trust is None else 'https'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _open(url: str, **trust: str) -> BackendClient:
    return BackendClient(BackendAddress(url=url, token=_TOKEN, **trust))


def _quick() -> Patience:
    return Patience(attempts=3, backoff=Backoff(first_seconds=0.001, max_seconds=0.002))


def test_a_list_is_read_to_its_end_and_every_request_proves_who_asks() -> None:
    asked: list[tuple[str, str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        cursor = request.query.get("cursor")
        asked.append((request.path, request.headers["Authorization"], cursor))
        following = {None: "1", "1": "2", "2": None}[cursor]
        return web.json_response({"items": [{"n": cursor}], "next_cursor": following})

    async def run() -> list[dict[str, object]]:
        async with _serving(answer) as url, _open(url) as client:
            return await client.collect("workspaces", "a/b", "revisions")

    assert asyncio.run(run()) == [{"n": None}, {"n": "1"}, {"n": "2"}]
    proof = f"Bearer {_TOKEN}"
    path = "/api/v1/workspaces/a/b/revisions"
    assert asked == [(path, proof, None), (path, proof, "1"), (path, proof, "2")]


def test_a_name_never_leads_to_another_path() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.Response(status=204)

    async def run() -> None:
        async with _serving(answer) as url, _open(url) as client:
            await client.delete("tokens", "../workspaces?x=1")
            for name in ("", ".", ".."):
                with pytest.raises(RequestInvalidError):
                    await client.delete("tokens", name)

    asyncio.run(run())
    assert asked == ["/api/v1/tokens/..%2Fworkspaces%3Fx%3D1"]


@pytest.mark.req("K-10")
def test_a_stream_that_is_cut_goes_on_after_the_last_event() -> None:
    places: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        place = request.headers.get("Last-Event-ID")
        places.append(place)
        if len(places) == 2:
            return web.Response(status=503, headers={"Retry-After": "0"})
        first = int(place or "0") + 1
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in (first, first + 1):
            await response.write(b"id: %d\ndata: x\n\n" % number)
        await response.write(b"id: 99\ndata: half")
        return response

    async def run() -> list[str]:
        found: list[str] = []
        async with _serving(answer) as url, _open(url) as client:
            events = client.follow("events", after="4", patience=_quick())
            async for event in events:
                found.append(event.id)
                if len(found) == 5:
                    await events.aclose()
        return found

    assert asyncio.run(run()) == ["5", "6", "7", "8", "9"]
    assert places == ["4", "6", "6", "8"]


def test_a_stream_ends_when_the_backend_stays_away_and_at_once_when_it_refuses() -> None:
    statuses: list[int] = []

    async def count(status: int) -> int:
        statuses.clear()

        async def answer(_: web.Request) -> web.Response:
            statuses.append(status)
            return web.Response(status=status)

        async with _serving(answer) as url, _open(url) as client:
            with pytest.raises(YoiError) as refused:
                async for _ in client.follow("events", patience=_quick()):
                    raise AssertionError("there was no event")
        assert isinstance(refused.value, BackendUnauthenticatedError) is (status == 401)
        return len(statuses)

    assert asyncio.run(count(503)) == 3
    assert asyncio.run(count(401)) == 1


def test_a_redirect_is_not_followed_so_that_the_token_stays_where_it_belongs() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async def run() -> None:
        async with _serving(answer) as url, _open(url) as client:
            await client.get("whoami")

    with pytest.raises(YoiError) as refused:
        asyncio.run(run())
    assert (refused.value.code, asked) == ("internal", ["/api/v1/whoami"])


def test_a_backend_that_is_not_there_is_unavailable() -> None:
    async def run() -> None:
        async with _serving(_answer_nothing) as url:
            gone = url
        async with _open(gone) as client:
            await client.get("whoami")

    with pytest.raises(BackendUnavailableError) as refused:
        asyncio.run(run())
    assert (refused.value.code, refused.value.details()) == ("backend.unavailable", {"reason": "unreachable"})


@pytest.mark.req("K-09")
def test_a_private_authority_or_the_very_certificate_is_believed_and_no_other(tmp_path: Path) -> None:
    certified, other = certify_loopback(tmp_path / "one"), certify_loopback(tmp_path / "other")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certified.certificate, certified.private_key)

    async def ask(url: str, **trust: str) -> str:
        async with _open(url, **trust) as client:
            try:
                await client.get("whoami")
            except BackendUnavailableError as error:
                return str(error.details()["reason"])
        return "answered"

    async def run() -> list[str]:
        async with _serving(_answer_nothing, context) as url:
            return [
                await ask(url, authority=certified.authority.read_text()),
                await ask(url, fingerprint=certified.fingerprint),
                await ask(url),
                await ask(url, authority=other.authority.read_text()),
                await ask(url, fingerprint=other.fingerprint),
            ]

    assert asyncio.run(run()) == ["answered", "answered", "untrusted", "untrusted", "untrusted"]


async def _answer_nothing(_: web.Request) -> web.Response:
    return web.json_response({})
