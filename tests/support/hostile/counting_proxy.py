"""A proxy between Unix sockets that counts bytes, and cuts the connection when it is told to."""

import asyncio
from pathlib import Path


class CountingProxy:
    """Passes bytes on, both ways.

    Attributes:
        sent: Bytes from clients so far.
        received: Bytes from the server so far.
        cut_after: Cut the next connections once clients have sent so many bytes in all; None for never.
    """

    def __init__(self, listen: Path, target: Path) -> None:
        self.listen = listen
        self.sent = 0
        self.received = 0
        self.cut_after: int | None = None
        self._target = target
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, path=str(self.listen))

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(str(self._target))
        ways = [
            asyncio.create_task(self._pass(reader, inner_writer, out=True)),
            asyncio.create_task(self._pass(inner_reader, writer, out=False)),
        ]
        self._tasks.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for one in ways:
            one.cancel()
        for side in (writer, inner_writer):
            side.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, out: bool) -> None:
        while data := await reader.read(1024):
            if out:
                self.sent += len(data)
                if self.cut_after is not None and self.sent > self.cut_after:
                    return
            else:
                self.received += len(data)
            writer.write(data)
            await writer.drain()
