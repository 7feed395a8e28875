"""HTTP/1.1 by hand over a Unix socket, for what no honest client sends."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class RawAnswer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


async def ask(
    socket: Path,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    pieces: Sequence[bytes] = (),
    chunked: bool = False,
    length: int | None = None,
) -> RawAnswer:
    """Send one request and read the whole answer.

    Args:
        socket: Where.
        method: As it is.
        path: As it is.
        headers: Beside Host and Connection.
        pieces: The body; the connection stays open after them.
        chunked: Whether the body goes without a length.
        length: What Content-Length says; the true length when absent.
    """
    reader, writer = await asyncio.open_unix_connection(str(socket))
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif pieces or length is not None:
        lines.append(f"Content-Length: {sum(map(len, pieces)) if length is None else length}")
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        try:
            for piece in pieces:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                await writer.drain()
            if chunked:
                writer.write(b"0\r\n\r\n")
        except ConnectionError:
            pass  # cut off by the server, which has answered already
        return _parse(await reader.read(), method)
    finally:
        writer.close()


def _parse(data: bytes, method: str) -> RawAnswer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    if headers.get("transfer-encoding") == "chunked" and method != "HEAD":
        body = _join_chunks(body)
    return RawAnswer(int(first.split(" ")[1]), headers, body)


def _join_chunks(data: bytes) -> bytes:
    joined = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        joined += data[: int(size, 16)]
        data = data[int(size, 16) + 2 :]
    return joined
