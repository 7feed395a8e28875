"""Whether an address is free, or answered by now.

The server shares its port with whoever asks for it (SO_REUSEPORT), so that two Runtimes on one port would each get some
of the connections; hence the look beforehand.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from yoi_wire.errors import RequestInvalidError
from yoi_wire.server.listen_address import ListenAddress


async def verify_free(listening: ListenAddress) -> None:
    """Check that nobody listens there; take away what a server that was killed has left of its Unix socket.

    Raises:
        RequestInvalidError: Somebody does, or nobody can.
    """
    if listening.socket is None:
        _try_to_bind(listening)
        return
    if await is_answered(listening):
        raise RequestInvalidError("another server listens there", field="socket")
    try:
        if listening.socket.is_socket():
            listening.socket.unlink()
    except OSError:
        raise RequestInvalidError("cannot be listened on", field="socket") from None
    if listening.socket.exists():
        raise RequestInvalidError("there is a file of this name", field="socket")


@contextmanager
def reserve_port(listening: ListenAddress) -> Iterator[ListenAddress]:
    """Choose a free port where port 0 is asked for, and keep it until the server has bound it, too.

    The socket that keeps it never listens, so no connection goes to it. The kernel chooses no port that another socket
    has, not even one that would share it.

    Returns:
        Where to listen, with a port that is not 0.

    Raises:
        RequestInvalidError: Nobody can listen on this address.
    """
    if listening.socket is not None or listening.port != 0:
        yield listening
        return
    with socket.socket(_find_family(listening), socket.SOCK_STREAM) as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            kept.bind((listening.address, 0))
        except OSError:
            raise RequestInvalidError("nobody can listen on this address", field="address") from None
        yield replace(listening, port=kept.getsockname()[1])


async def is_answered(listening: ListenAddress) -> bool:
    """Tell whether somebody takes connections there."""
    try:
        if listening.socket is not None:
            _, writer = await asyncio.open_unix_connection(str(listening.socket))
        else:
            _, writer = await asyncio.open_connection(_reachable(listening.address), listening.port)
    except OSError:
        return False
    writer.close()
    return True


def _try_to_bind(listening: ListenAddress) -> None:
    with socket.socket(_find_family(listening), socket.SOCK_STREAM) as probe:
        # Connections of a former server that are still ending do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listening.address, listening.port))
        except OSError:
            raise RequestInvalidError("another server listens there, or nobody can", field="port") from None


def _find_family(listening: ListenAddress) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in listening.address else socket.AF_INET


def _reachable(address: str) -> str:
    """Every address of this host includes its loopback."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared, not bound
