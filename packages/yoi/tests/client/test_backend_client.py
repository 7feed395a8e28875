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
from yoi_wire.backend.operations import (
    FOLLOW_AUDIT,
    GET_WHOAMI,
    GET_WORKER,
    LIST_REVOCATIONS,
    REVOKE_TOKEN,
)
from yoi_wire.backend.revisions import RevocationView
from yoi_wire.client.retry import Backoff, Patience
from yoi_wire.errors import RemoteFaultError, RequestInvalidError
from yoi_wire.operation import Operation

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


@pytest.mark.req("K-07")
def test_a_list_is_read_to_its_end_and_every_request_proves_who_asks() -> None:
    asked: list[tuple[str, str, str | None, str]] = []

    async def answer(request: web.Request) -> web.Response:
        cursor = request.query.get("cursor")
        asked.append(
            (
                request.raw_path.partition("?")[0],
                request.headers["Authorization"],
                cursor,
                request.query["limit"],
            )
        )
        following = {None: "1", "1": "2", "2": None}[cursor]
        item = {"digest": "d", "actor": "a", "reason": cursor or "", "revoked_at": "t", "of a later time": 1}
        return web.json_response({"items": [item], "next_cursor": following})

    async def run() -> list[RevocationView]:
        async with _serving(answer) as url, _open(url) as client:
            return await client.collect(LIST_REVOCATIONS, workspace="a/b")

    assert [one.reason for one in asyncio.run(run())] == ["", "1", "2"]
    proof = f"Bearer {_TOKEN}"
    path = "/api/v1/workspaces/a%2Fb/revocations"
    assert asked == [(path, proof, cursor, "500") for cursor in (None, "1", "2")]


def test_a_name_never_leads_to_another_path() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.Response(status=204)

    async def run() -> None:
        async with _serving(answer) as url, _open(url) as client:
            await client.call(REVOKE_TOKEN, token="../workspaces?x=1")
            for name in ("", ".", ".."):
                with pytest.raises(RequestInvalidError):
                    await client.call(REVOKE_TOKEN, token=name)

    asyncio.run(run())
    assert asked == ["/api/v1/tokens/..%2Fworkspaces%3Fx%3D1"]


@pytest.mark.parametrize(
    ("operation", "status"), [(REVOKE_TOKEN, 200), (REVOKE_TOKEN, 307), (GET_WORKER, 200)]
)
def test_what_no_backend_answers_is_no_success(operation: Operation[object], status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text="<p>log in to this network</p>")

    async def run() -> None:
        async with _serving(answer) as url, _open(url) as client:
            await client.call(operation, **dict.fromkeys(operation.path_names, "x"))

    with pytest.raises(RemoteFaultError):
        asyncio.run(run())


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
            events = client.follow(FOLLOW_AUDIT, last_id="4", patience=_quick())
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
                async for _ in client.follow(FOLLOW_AUDIT, patience=_quick()):
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
            await client.call(GET_WHOAMI)

    with pytest.raises(YoiError) as refused:
        asyncio.run(run())
    assert (refused.value.code, asked) == ("internal", ["/api/v1/whoami"])


def test_a_backend_that_is_not_there_is_unavailable() -> None:
    async def run() -> None:
        async with _serving(_answer_nothing) as url:
            gone = url
        async with _open(gone) as client:
            await client.call(GET_WHOAMI)

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
                await client.call(GET_WHOAMI)
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
    return web.json_response({"name": "x", "role": "viewer", "workspaces": None, "permissions": []})
