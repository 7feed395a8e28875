"""Packs that are coming in, by lease: a client that was cut off is told what is missing once its last pack has ended.

Without that the answer would race with the end of the pack, and blobs that had arrived would travel again.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from yoi_wire.errors import RuntimeOverloadedError

_WAIT_SECONDS = 2.0


class RunningUploads:
    """The packs of one server.

    Args:
        most: How many may come in at once; beyond it, `runtime.overloaded`.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: dict[str, list[asyncio.Event]] = {}
        self._count = 0

    @contextmanager
    def run(self, lease: str) -> Iterator[None]:
        """Count one pack in for as long as it comes.

        Raises:
            RuntimeOverloadedError: Enough are coming.
        """
        if self._count >= self._most:
            raise RuntimeOverloadedError("busy")
        ended = asyncio.Event()
        self._count += 1
        self._running.setdefault(lease, []).append(ended)
        try:
            yield
        finally:
            ended.set()
            self._count -= 1
            self._running[lease].remove(ended)
            if not self._running[lease]:
                del self._running[lease]

    async def wait_for_end(self, lease: str) -> bool:
        """Wait a moment for the packs under a lease; tell whether there were any and they have ended."""
        running = tuple(self._running.get(lease, ()))
        if not running:
            return False
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                for ended in running:
                    await ended.wait()
        except TimeoutError:
            return False
        return True
