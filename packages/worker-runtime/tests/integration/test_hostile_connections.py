"""Connections that are slow, silent, endless or no HTTP at all: cut off, and nobody else waits for them (R-09)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.hostile.raw_http import RawAnswer, ask
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller, put_blobs
from worker_runtime.rest.app import build_app
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from yoi_wire.server.body_limits import BodyRate
from yoi_wire.server.http_state import HttpLimits
from yoi_wire.server.server import HttpServer, ListenAddress

pytestmark = pytest.mark.req("R-09")

_DEADLINE_SECONDS = 20
_PAUSE_SECONDS = 0.02


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    pace = BodyRate(grace_seconds=0.3, idle_seconds=0.2, total_seconds=1.0, min_bytes_per_second=1)
    under_test = RestUnderTest(tmp_path / "data", rate=pace, limits=HttpLimits(unread_seconds=0.3))
    yield under_test
    under_test.close()


@asynccontextmanager
async def _serve_impatiently(server: RestUnderTest) -> AsyncIterator[Path]:
    """Serve the same application where headers have to come in no time."""
    socket = server.socket.with_name("impatient.sock")
    impatient = HttpServer(build_app(server.services), ListenAddress(socket=socket), header_seconds=0.3)
    await impatient.start()
    try:
        yield socket
    finally:
        await impatient.stop()


def _format_head(request: str, headers: dict[str, str]) -> bytes:
    lines = [f"{request} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def _store_many(server: RestUnderTest, prompts: int) -> SmallBundle:
    """Store a bundle of as many prompts, all of one text."""
    caller = build_caller()
    bundle = build_small_bundle(prompts={f"p{number}": b"The same.\n" for number in range(prompts)})
    body = encode_manifest(bundle.manifest, "zstd")
    outcome = server.run(server.api.put_bundle(caller, bundle.digest, bundle.metadata, body))
    put_blobs(server, caller, outcome.lease.id, bundle.blobs.items())
    return bundle


async def _wait_until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(_PAUSE_SECONDS)


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(_DEADLINE_SECONDS):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def _converse(socket: Path, *parts: bytes) -> bytes:
    """Send what is no request that a client makes; give back all that comes until the server closes."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await _read_to_end(reader)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "begun",
    [b"", b"G", b"GET /healthz HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: a"],
    ids=["silent", "one byte", "one line", "half a header"],
)
def test_headers_that_do_not_come_end_the_connection(server: RestUnderTest, begun: bytes) -> None:
    async def run() -> bytes:
        async with _serve_impatiently(server) as socket:
            return await _converse(socket, begun)

    assert b" 200 " not in server.run(run())


def test_headers_that_come_byte_by_byte_end_the_connection_too(server: RestUnderTest) -> None:
    async def run() -> None:
        async with _serve_impatiently(server) as socket:
            reader, writer = await asyncio.open_unix_connection(str(socket))
            writer.write(b"GET /healthz HTTP/1.1\r\n")
            ending = asyncio.create_task(_read_to_end(reader))
            async with asyncio.timeout(_DEADLINE_SECONDS):
                while not ending.done():
                    writer.write(b"X")
                    await asyncio.sleep(_PAUSE_SECONDS)
            writer.close()

    server.run(run())


def test_a_connection_that_is_kept_and_not_used_is_closed(server: RestUnderTest) -> None:
    async def run() -> bytes:
        async with _serve_impatiently(server) as socket:
            return await _converse(socket, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    assert server.run(run()).startswith(b"HTTP/1.1 200 ")


def test_four_hundred_silent_connections_keep_nobody_waiting(server: RestUnderTest) -> None:
    async def run() -> RawAnswer:
        silent = [await asyncio.open_unix_connection(str(server.socket)) for _ in range(400)]
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                return await ask(server.socket, "GET", "/healthz")
        finally:
            for _, writer in silent:
                writer.close()

    assert server.run(run()).status == 200


def test_a_body_that_never_ends_is_cut_off(server: RestUnderTest) -> None:
    head = _format_head(
        "PUT /v1/assignments/library",
        {
            **server.credentials.build_headers(build_caller()),
            "Content-Type": "application/json",
            "Transfer-Encoding": "chunked",
        },
    )

    async def run() -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(server.socket))
        writer.write(head)
        ending = asyncio.create_task(_read_to_end(reader))
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while not ending.done():
                writer.write(b"1\r\n \r\n")
                await asyncio.sleep(_PAUSE_SECONDS)
        writer.close()
        return await ending

    # A caller that writes on while it is answered may be reset before it has read the answer.
    answers = [server.run(run()) for _ in range(3)]
    assert all(not answer or answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    assert any(answers)


def test_an_answer_that_nobody_reads_is_given_up(
    server: RestUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="worker_runtime")
    caller = build_caller()
    bundle = _store_many(server, 10_000)
    head = _format_head(
        f"GET /v1/config-bundles/{bundle.digest}", dict(server.credentials.build_headers(caller))
    )

    async def run() -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(server.socket), limit=1024)
        writer.write(head)
        await _wait_until(lambda: any(record.message == "unread" for record in caplog.records))
        rest = await _read_to_end(reader)
        writer.close()
        return rest

    assert 0 < len(server.run(run())) < len(bundle.manifest)
    assert not any(record.message == "fault" for record in caplog.records)


def test_a_long_answer_comes_whole_to_who_reads_it(server: RestUnderTest) -> None:
    caller = build_caller()
    bundle = _store_many(server, 1_000)
    headers = server.credentials.build_headers(caller)
    answer = server.run(ask(server.socket, "GET", f"/v1/config-bundles/{bundle.digest}", headers=headers))
    assert answer.headers["content-length"] == str(len(bundle.manifest))
    assert answer.body == bundle.manifest


_HOST = b"Host: x\r\n"
_NO_HTTP = {
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
    "HTTP/0.9": (b"GET /healthz\r\n\r\n", b"400"),
    "a header with NUL": (b"GET /healthz HTTP/1.1\r\n" + _HOST + b"X: a\0b\r\n\r\n", b"400"),
    "a folded header": (b"GET /healthz HTTP/1.1\r\n" + _HOST + b"X: a\r\n b\r\n\r\n", b"400"),
    "a space before the colon": (b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", b"400"),
    "two lengths": (
        b"POST /v1/workers HTTP/1.1\r\n" + _HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"400",
    ),
    "a negative length": (b"POST /v1/workers HTTP/1.1\r\n" + _HOST + b"Content-Length: -1\r\n\r\n", b"400"),
    "a length with a sign": (
        b"POST /v1/workers HTTP/1.1\r\n" + _HOST + b"Content-Length: +1\r\n\r\na",
        b"400",
    ),
    "an unknown transfer coding": (
        b"POST /v1/workers HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: gzip\r\n\r\na",
        b"400",
    ),
    "an endless path": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n", b"414"),
    "two hundred headers": (
        b"GET /healthz HTTP/1.1\r\n" + _HOST + b"".join(b"X-%d: a\r\n" % n for n in range(200)) + b"\r\n",
        b"431",
    ),
    "one header of 200 KB": (
        b"GET /healthz HTTP/1.1\r\n" + _HOST + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
        b"431",
    ),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b""),
}


@pytest.mark.parametrize("case", _NO_HTTP)
def test_what_is_no_http_of_ours_is_refused_by_its_status(server: RestUnderTest, case: str) -> None:
    sent, status = _NO_HTTP[case]

    async def run() -> bytes:
        async with _serve_impatiently(server) as socket:
            return await _converse(socket, sent)

    answer = server.run(run())
    assert answer.split(b" ")[1:2] == ([status] if status else [])


def test_headers_without_end_are_cut_off(server: RestUnderTest) -> None:
    async def run() -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(server.socket))
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
        ending = asyncio.create_task(_read_to_end(reader))
        sent = 0
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while not ending.done():
                writer.write(b"a" * 65_536)
                sent += 65_536
                try:
                    await writer.drain()
                except ConnectionError:
                    break
                await asyncio.sleep(0)
        writer.close()
        return await ending

    assert b" 200 " not in server.run(run())


def test_bodies_that_are_held_whole_have_room_for_so_much_together(tmp_path: Path) -> None:
    bounds = HttpLimits(buffered_bytes=1024 * 1024)
    server = RestUnderTest(tmp_path / "data", rate=BodyRate(idle_seconds=2), limits=bounds)
    headers = {
        **server.credentials.build_headers(build_caller()),
        "Content-Type": "application/json",
    }

    async def put(size: int, length: int) -> RawAnswer:
        path = "/v1/assignments/library"
        return await ask(server.socket, "PUT", path, headers=headers, pieces=[b" " * size], length=length)

    async def run() -> tuple[RawAnswer, RawAnswer, RawAnswer]:
        hanging = asyncio.create_task(put(800_000, 900_000))
        await _wait_until(lambda: server.http.buffered.held_bytes == 800_000)
        beside = await put(600_000, 600_000)
        return await hanging, beside, await put(600_000, 600_000)

    try:
        hanging, beside, after = server.run(run())
    finally:
        server.close()
    assert hanging.status == 408
    assert (beside.problem["code"], int(beside.headers["retry-after"]) >= 1) == ("runtime.overloaded", True)
    assert (after.status, after.problem["code"]) == (400, "request.invalid")
