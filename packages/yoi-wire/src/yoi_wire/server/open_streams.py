"""The event streams that are open: bounded in number, and ended when the server is told to stop (R-09)."""

import asyncio
import weakref

from yoi_wire.errors import RuntimeOverloadedError


class OpenStreams:
    """The streams of one server.

    Args:
        most: How many may be open at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: set[int] = set()
        self._stopping = asyncio.Event()

    def reserve(self) -> "Place":
        """Take a place.

        Raises:
            RuntimeOverloadedError: None is left.
        """
        if len(self._taken) >= self._most:
            raise RuntimeOverloadedError("busy")
        return Place(self._taken)

    async def pause(self, seconds: float) -> bool:
        """Wait; tell whether streams may go on."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return True
        return False

    def end_all(self) -> None:
        """Let every stream end at its next pause."""
        self._stopping.set()


class Place:
    """The place of one stream; it is free again when the stream has ended, or never began and is forgotten."""

    def __init__(self, taken: set[int]) -> None:
        taken.add(id(self))
        self.free = weakref.finalize(self, taken.discard, id(self))
