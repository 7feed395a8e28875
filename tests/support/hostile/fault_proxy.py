"""A proxy on loopback that does to each request what a plan says."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from support.hostile.fault_plans import Fault, FaultPlan
from support.hostile.http_frames import ends_connection, find_length, iterate_body, read_head

_BYTES_PER_SECOND = 1024
_THROTTLED_BYTES = 128
_DISCONNECTS = (ConnectionError, asyncio.IncompleteReadError)


class _CutError(ConnectionError):
    """The plan has the connection end here."""


class FaultProxy:
    """Passes requests on to a port of this host, one plan for all its connections.

    Args:
        target: The port.
        plan: What happens.
        stream_bytes: About how many bytes a request has that does not say it.

    Attributes:
        port: Where it listens, once started.
        struck: Kinds of the faults that were done so far.
    """

    def __init__(self, target: int, plan: FaultPlan, *, stream_bytes: int) -> None:
        self._stream_bytes = stream_bytes
        self.port = 0
        self.struck: Counter[str] = Counter()
        self._target = target
        self._plan = plan
        self._requests = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass_requests(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Peer(reader, writer)
        try:
            server = _Peer(*await asyncio.open_connection("127.0.0.1", self._target))
        except OSError:
            client.close(abort=True)
            return
        fault = None
        try:
            while (head := await read_head(client.reader)) is not None:
                fault = self._plan.find(self._requests)
                self._requests += 1
                self.struck[fault.kind] += 1
                if not await self._pass_exchange(client, server, head, fault):
                    break
        except _DISCONNECTS:
            pass
        finally:
            client.close(abort=fault is not None and fault.abort)
            server.close(abort=fault is not None and fault.abort)

    async def _pass_exchange(self, client: "_Peer", server: "_Peer", head: bytes, fault: Fault) -> bool:
        """Pass one request and its answer on; tell whether another may follow."""
        if fault.kind.startswith("repeat"):
            return await self._repeat(client, server, head, fault)
        sending = asyncio.create_task(self._pass_request(client, server, head, fault))
        answering = asyncio.create_task(self._pass_answer(client, server, fault))
        try:
            # An answer may come before the whole request has gone; a request that is cut has none.
            done, _ = await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
            if sending in done:
                sending.result()
            return await answering and sending.done()
        finally:
            for one in (sending, answering):
                one.cancel()
            await asyncio.gather(sending, answering, return_exceptions=True)

    async def _repeat(self, client: "_Peer", server: "_Peer", head: bytes, fault: Fault) -> bool:
        """Pass one request on twice, and one of its answers."""
        request = head + b"".join([piece async for piece in iterate_body(client.reader, head)])
        if fault.kind == "repeat before":
            await self._ask_elsewhere(request)
        copies = [asyncio.create_task(self._ask_elsewhere(request))] if fault.kind == "repeat at once" else []
        try:
            await server.send(request)
            goes_on = await self._pass_answer(client, server, fault)
        finally:
            await asyncio.gather(*copies, return_exceptions=True)
        if fault.kind == "repeat after":
            await self._ask_elsewhere(request)
        return goes_on

    async def _pass_request(self, client: "_Peer", server: "_Peer", head: bytes, fault: Fault) -> None:
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        body = iterate_body(client.reader, head)
        pieces = _join(head, body)
        if fault.kind == "cut request":
            left = int(fault.part * (len(head) + (find_length(head) or self._stream_bytes)))
            async for piece in pieces:
                await server.send(piece[:left])
                left -= len(piece)
                if left <= 0:
                    break
            raise _CutError
        await server.send_all(pieces, throttled=fault.kind == "throttle")

    async def _pass_answer(self, client: "_Peer", server: "_Peer", fault: Fault) -> bool:
        head = await read_head(server.reader)
        if head is None:
            raise _CutError
        body = iterate_body(server.reader, head)
        match fault.kind:
            case "delay":
                await asyncio.sleep(fault.seconds)
            case "cut answer" | "halves" | "half":
                whole = head + b"".join([piece async for piece in body])
                at = int(len(whole) * (fault.part if fault.kind == "cut answer" else 0.5))
                await client.send(whole[:at])
                if fault.kind == "cut answer":
                    raise _CutError
                if fault.kind == "half":
                    await client.wait_for_end()
                    raise _CutError
                await asyncio.sleep(fault.seconds)
                await client.send(whole[at:])
                return not ends_connection(head)
            case _:
                pass
        await client.send_all(_join(head, body), throttled=fault.kind == "throttle")
        return not ends_connection(head)

    async def _ask_elsewhere(self, request: bytes) -> None:
        """Send a request on a connection of its own, and forget its answer."""
        other = _Peer(*await asyncio.open_connection("127.0.0.1", self._target))
        try:
            await other.send(request)
            head = await read_head(other.reader)
            if head is not None:
                async for _ in iterate_body(other.reader, head):
                    pass
        finally:
            other.close(abort=False)


class _Peer:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_all(self, pieces: AsyncIterator[bytes], *, throttled: bool) -> None:
        async for piece in pieces:
            if not throttled:
                await self.send(piece)
                continue
            for start in range(0, len(piece), _THROTTLED_BYTES):
                part = piece[start : start + _THROTTLED_BYTES]
                await self.send(part)
                await asyncio.sleep(len(part) / _BYTES_PER_SECOND)

    async def wait_for_end(self) -> None:
        """Wait until the other side has given up."""
        with contextlib.suppress(*_DISCONNECTS):
            while await self.reader.read(1024):
                pass

    def close(self, *, abort: bool) -> None:
        if abort:
            self.writer.transport.abort()
        else:
            self.writer.close()


async def _join(head: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for piece in body:
        yield piece
