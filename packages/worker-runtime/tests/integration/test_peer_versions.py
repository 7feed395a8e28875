"""Peers of other versions are told apart before anything changes (R-08)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.runtime.local_credentials import LocalCredentials
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller
from worker_runtime.contract.compatibility import verify_peer
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.runtime import RemoteRuntime
from yoi_bundle.errors import YoiError
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.errors import RuntimeIncompatibleError

pytestmark = pytest.mark.req("R-08")

_ANNOUNCED: dict[str, Any] = {
    "id": "another",
    "version": "9.0",
    "api_versions": [1],
    "schema_versions": [1],
    "features": [],
    "limits": {},
    "resolver_version": "9",
    "builtin": {"digest": "sha256:0", "profiles": []},
    "labels": {},
    "policy_generation": "x",
}
_NO_SUCH_PATH: dict[str, Any] = {
    "code": "request.invalid",
    "retryable": False,
    "details": {"message": "no such path", "field": "path"},
}


class OtherRuntime:
    """Answers every request alike, and remembers which there were."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        self.asked: list[str] = []
        self._status = status
        self._body = json.dumps(document).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.split(b" HTTP/1.1", 1)[0].decode())
        lines = f"HTTP/1.1 {self._status} X\r\nContent-Length: {len(self._body)}\r\nConnection: close\r\n\r\n"
        writer.write(lines.encode() + self._body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def _open(other: OtherRuntime, socket: Path) -> AsyncIterator[RemoteRuntime]:
    listener = await asyncio.start_unix_server(other.answer, path=str(socket))
    runtime = RemoteRuntime(Connection(Endpoint(socket=socket), LocalCredentials("token")))
    try:
        yield runtime
    finally:
        await runtime.close()
        listener.close()


@pytest.mark.parametrize(
    ("status", "document", "what", "theirs"),
    [
        (200, {**_ANNOUNCED, "api_versions": [2, 3]}, "api", (2, 3)),
        (200, {**_ANNOUNCED, "api_versions": []}, "api", ()),
        (200, {**_ANNOUNCED, "schema_versions": [7]}, "schema", (7,)),
        (404, _NO_SUCH_PATH, "api", ()),
    ],
    ids=["a newer API", "no API", "a newer schema", "no such path"],
)
def test_a_runtime_of_another_version_is_asked_for_nothing_but_what_it_is(
    tmp_path: Path, status: int, document: dict[str, Any], what: str, theirs: tuple[int, ...]
) -> None:
    other = OtherRuntime(status, document)

    async def run() -> None:
        async with _open(other, tmp_path / "other.sock") as runtime:
            await verify_peer(runtime, build_caller())

    with pytest.raises(RuntimeIncompatibleError) as caught:
        asyncio.run(run())
    assert (caught.value.what, caught.value.theirs) == (what, theirs)
    assert other.asked == ["GET /v1/runtime"]


def test_a_newer_runtime_that_still_speaks_ours_is_spoken_with(tmp_path: Path) -> None:
    other = OtherRuntime(200, {**_ANNOUNCED, "api_versions": [1, 2], "schema_versions": [1, 2], "more": 1})

    async def run() -> str:
        async with _open(other, tmp_path / "other.sock") as runtime:
            return (await verify_peer(runtime, build_caller())).version

    assert asyncio.run(run()) == "9.0"


def test_a_runtime_that_does_not_let_us_in_is_not_called_incompatible(tmp_path: Path) -> None:
    other = OtherRuntime(401, {"code": "auth.unauthenticated", "retryable": False, "details": {}})

    async def run() -> None:
        async with _open(other, tmp_path / "other.sock") as runtime:
            await verify_peer(runtime, build_caller())

    with pytest.raises(YoiError) as caught:
        asyncio.run(run())
    assert caught.value.code == "auth.unauthenticated"


def test_this_program_is_compatible_with_itself(tmp_path: Path) -> None:
    runtime = EmbeddedUnderTest(tmp_path / "data")
    try:
        assert runtime.run(verify_peer(runtime.api, build_caller())).api_versions == (1,)
    finally:
        runtime.close()
