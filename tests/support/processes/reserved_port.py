"""A port of loopback that is kept for one server, which may start, end and start again."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class ReservedPort:
    """A port that the system gives to nobody else until this is closed.

    The socket that keeps it never listens, so it takes no connection: while the server does not run, nobody answers. A
    server of ours shares its port with whoever asks for that (SO_REUSEPORT), and so it gets this one.
    """

    def __init__(self) -> None:
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._kept.bind(("127.0.0.1", 0))
        self.number: int = self._kept.getsockname()[1]

    def close(self) -> None:
        self._kept.close()


@contextmanager
def reserve_port() -> Iterator[int]:
    """Give a port until the context ends."""
    reserved = ReservedPort()
    try:
        yield reserved.number
    finally:
        reserved.close()
