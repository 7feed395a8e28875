"""A TCP proxy that counts what passes: every byte of HTTP each way, and the requests."""

import asyncio
import re

_REQUEST_LINE = re.compile(rb"(?:GET|HEAD|PUT|POST|DELETE) /\S* HTTP/1\.1\r\n")


class WireCounter:
    """Stands between a client and a server on 127.0.0.1.

    Attributes:
        port: Where it listens, once started.
        sent: Bytes from clients.
        received: Bytes from the server.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._sent: list[bytes] = []
        self.received = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Take no further connections, and wait for the clients to close theirs."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._connections)

    def reset(self) -> None:
        """Count from nothing again."""
        self._sent.clear()
        self.received = 0

    @property
    def sent(self) -> int:
        return sum(map(len, self._sent))

    @property
    def requests(self) -> int:
        """Number of request lines that have passed."""
        return len(_REQUEST_LINE.findall(b"".join(self._sent)))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(asyncio.ensure_future(self._join(reader, writer)))

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._pass_out(reader, inner_writer), self._pass_back(inner_reader, writer))

    async def _pass_out(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._sent.append(data)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.received += len(data)
            writer.write(data)
            await writer.drain()
        writer.close()
