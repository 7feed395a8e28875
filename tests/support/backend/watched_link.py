"""The way from a Backend to one Runtime: it sees what packs carry, and can be cut as a whole or within a pack."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from support.hostile.http_frames import ends_connection, iterate_body, read_head

_PACK = re.compile(rb"POST /v1/leases/[^/ ]+/pack HTTP/1\.1\r\n")
_BLOCK = 512
_DISCONNECTS = (ConnectionError, asyncio.IncompleteReadError)


@dataclass
class SeenPack:
    """One pack that went over the link.

    Attributes:
        blobs: Digests of those that went whole.
        answered: Whether the Backend got an answer; it was cut otherwise.
    """

    blobs: list[str] = field(default_factory=list)
    answered: bool = False


class Hold:
    """A request that waits on the link.

    Attributes:
        begun: It has come.
        over: It may go on.
        answered: The Runtime has answered it.
    """

    def __init__(self, start: bytes) -> None:
        self.start = start
        self.begun = asyncio.Event()
        self.over = asyncio.Event()
        self.answered = asyncio.Event()


class WatchedLink:
    """Passes requests on to a port of this host.

    Attributes:
        port: Where it listens, once started.
        packs: All that went over it, in the order in which they began.
        generations: Of the assignments that the Runtime made, in the order of its answers.
        refusals: Codes of the assignments that it refused.
        strike: Called once, in the middle of the next pack, when a blob of it has gone; the rest of that pack never goes.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.packs: list[SeenPack] = []
        self.generations: list[int] = []
        self.refusals: list[str] = []
        self.strike: Callable[[], None] | None = None
        self._target = target
        self._cut = False
        self._hold: Hold | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End every connection now, and each that comes, until the link is mended."""
        self._cut = True
        for task in self._tasks:
            task.cancel()

    def mend(self) -> None:
        self._cut = False

    def hold_next(self, start: str) -> Hold:
        """Let the next request that starts like this wait until the hold is over."""
        self._hold = Hold(start.encode())
        return self._hold

    def count_resent(self) -> int:
        """Return how many blobs went again although the pack that brought them before was not cut."""
        brought: set[str] = set()
        resent = 0
        for pack in self.packs:
            resent += len(brought.intersection(pack.blobs))
            if pack.answered:
                brought.update(pack.blobs)
        return resent

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._pass_requests(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        try:
            while (head := await read_head(reader)) is not None:
                if self._hold is not None and head.startswith(self._hold.start):
                    await self._pass_late(self._hold, reader, writer, head)
                    break
                sending = asyncio.create_task(self._send(reader, server_writer, head))
                try:
                    if not await self._answer(server_reader, writer, sending, head):
                        break
                finally:
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)
        except _DISCONNECTS:
            pass
        finally:
            for side in (writer, server_writer):
                side.transport.abort()

    async def _pass_late(
        self, hold: Hold, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        """Keep a request for a while; it then goes on a connection that is still open."""
        self._hold = None
        request = head + b"".join([piece async for piece in iterate_body(reader, head)])
        hold.begun.set()
        await hold.over.wait()
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        server_writer.write(request)
        answer = await read_head(server_reader)
        assert answer is not None, "the Runtime does not answer"
        body = b"".join([piece async for piece in iterate_body(server_reader, answer)])
        server_writer.close()
        self._note(json.loads(body))
        hold.answered.set()
        writer.write(answer + body)
        await writer.drain()

    async def _send(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> SeenPack | None:
        pieces = iterate_body(reader, head)
        if _PACK.match(head) is None:
            await _write_all(writer, head, pieces)
            return None
        pack = SeenPack()
        self.packs.append(pack)
        try:
            await _write_all(writer, head, self._watch(pack, pieces))
        except ConnectionAbortedError:
            writer.transport.abort()
            raise
        return pack

    async def _watch(self, pack: SeenPack, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        tar = _TarNames(pack)
        async for piece in pieces:
            # Block by block, so that a pack that comes in one piece is struck in its middle, too.
            for start in range(0, len(piece), _BLOCK):
                block = piece[start : start + _BLOCK]
                yield block
                tar.feed(block)
                if self.strike is not None and pack.blobs:
                    strike, self.strike = self.strike, None
                    strike()
                    raise ConnectionAbortedError

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sending: "asyncio.Task[SeenPack | None]",
        request: bytes,
    ) -> bool:
        """Pass an answer on; tell whether another request may follow."""
        head = await read_head(reader)
        if head is None:
            return False
        body = b"".join([piece async for piece in iterate_body(reader, head)])
        writer.write(head + body)
        await writer.drain()
        if request.startswith(b"PUT /v1/assignments/"):
            self._note(json.loads(body))
        if not sending.done():
            return False
        pack = sending.result()
        if pack is not None:
            pack.answered = True
        return not ends_connection(head)

    def _note(self, answer: dict[str, Any]) -> None:
        if "code" in answer:
            self.refusals.append(answer["code"])
        else:
            self.generations.append(answer["generation"])


class _TarNames:
    """Finds the blobs in a chunked body as it passes."""

    def __init__(self, pack: SeenPack) -> None:
        self._pack = pack
        self._raw = bytearray()
        self._tar = bytearray()
        self._left = 0

    def feed(self, piece: bytes) -> None:
        self._raw += piece
        while self._take_chunk():
            pass
        while self._take_entry():
            pass

    def _take_chunk(self) -> bool:
        """Move what there is of the present chunk, or read the line of the next one."""
        if self._left:
            taken = self._raw[: self._left]
            del self._raw[: self._left]
            self._left -= len(taken)
            self._tar += taken
            return not self._left
        # The line end that closes a chunk stands before the next one's line.
        text, found, _ = bytes(self._raw.lstrip(b"\r\n")).partition(b"\r\n")
        if not found:
            return False
        self._left = int(text.partition(b";")[0], 16)
        del self._raw[: self._raw.index(text) + len(text) + 2]
        return self._left > 0

    def _take_entry(self) -> bool:
        name = bytes(self._tar[:100]).rstrip(b"\0")
        if len(self._tar) < _BLOCK or not name:
            return False
        size = int(bytes(self._tar[124:135]).rstrip(b"\0 "), 8)
        whole = _BLOCK + -(-size // _BLOCK) * _BLOCK
        if len(self._tar) < whole:
            return False
        del self._tar[:whole]
        self._pack.blobs.append(name.decode("ascii").removeprefix("blobs/").replace("/", ":"))
        return True


async def _write_all(writer: asyncio.StreamWriter, head: bytes, pieces: AsyncIterator[bytes]) -> None:
    writer.write(head)
    async for piece in pieces:
        writer.write(piece)
        await writer.drain()
    await writer.drain()
