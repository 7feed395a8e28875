"""How much of all bodies is in memory at once: manifests and documents are read whole before anything is done (R-09)."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager

from yoi_wire.errors import RuntimeOverloadedError


class BufferedBodies:
    """The bodies of one server that are held whole.

    Attributes:
        held_bytes: Of all of them, so far.

    Args:
        max_bytes: All together.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.held_bytes = 0

    @contextmanager
    def hold(self) -> Iterator["HeldBody"]:
        """Give room for one body; it is free again at the end of the block."""
        body = HeldBody(self)
        try:
            yield body
        finally:
            self.held_bytes -= body.held_bytes

    def take(self, count: int) -> None:
        """Count bytes in.

        Raises:
            RuntimeOverloadedError: There is no room for them.
        """
        if self.held_bytes + count > self._max_bytes:
            raise RuntimeOverloadedError("busy")
        self.held_bytes += count


class HeldBody:
    """One body, and how much of it has come."""

    def __init__(self, bodies: BufferedBodies) -> None:
        self.held_bytes = 0
        self._bodies = bodies

    async def count(self, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Pass pieces on, as long as there is room.

        Raises:
            RuntimeOverloadedError: There is none.
        """
        async for piece in pieces:
            self._bodies.take(len(piece))
            self.held_bytes += len(piece)
            yield piece
