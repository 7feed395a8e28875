"""A Backend as a child of this process: started, waited for, and gone when this process is, however that ends."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from yoi.up.directories import TOKEN_FILE
from yoi.up.errors import BackendEndedError

PREFERRED_PORT = 7320
EMBEDDED_NAME = "embedded"

_LOG_FILE = "backend.log"
_LOOPBACK = "127.0.0.1"
_FLEET_VARIABLE = "YOI_DATABASE_URL"
_START_SECONDS = 60.0
_STOP_SECONDS = 25.0
_SAID_BYTES = 65536


@dataclass(frozen=True, kw_only=True)
class BackendPlace:
    """What a Backend of this host's own is started with.

    Attributes:
        directory: Where it keeps its data.
        source_root: The one directory below which workspaces may lie.
        port: On loopback; 0 for a free one.
    """

    directory: Path
    source_root: Path
    host_policy: Path
    port: int

    @property
    def log_file(self) -> Path:
        return self.directory / _LOG_FILE

    @property
    def token_file(self) -> Path:
        return self.directory / TOKEN_FILE

    def build_command(self) -> list[str]:
        """Return the command line; the Backend is another package, which this one never imports."""
        flags = {
            "--data-dir": str(self.directory),
            "--address": _LOOPBACK,
            "--port": str(self.port),
            "--embedded": EMBEDDED_NAME,
            "--source-root": str(self.source_root),
            "--policy": str(self.host_policy),
        }
        words = [word for flag in flags.items() for word in flag]
        return [sys.executable, "-m", "yoi_workspace_server", *words, "--until-stdin-ends"]


class BackendProcess:
    """A Backend that listens.

    Attributes:
        address: Its URL.
    """

    def __init__(self, address: str, place: BackendPlace, process: asyncio.subprocess.Process) -> None:
        self.address = address
        self._place = place
        self._process = process

    async def wait(self) -> BackendEndedError:
        """Return, once it has ended, why."""
        await self._process.wait()
        return _describe_end(self._place)


@asynccontextmanager
async def start_backend(place: BackendPlace, environment: Mapping[str, str]) -> AsyncIterator[BackendProcess]:
    """Give a Backend that listens, and have it gone afterwards.

    It ends when its standard input does, which the operating system sees to when this process dies. It has a session of
    its own, so that what is typed here does not reach it before this process has decided what to do.

    Args:
        place: What it is started with.
        environment: Of this process; a database that is set there for another server is not used.

    Raises:
        BackendEndedError: It did not come to listen.
    """
    variables = {name: value for name, value in environment.items() if name != _FLEET_VARIABLE}
    with place.log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *place.build_command(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=variables,
            start_new_session=True,
        )
    try:
        yield BackendProcess(await _read_address(process, place), place, process)
    finally:
        await _stop(process)


def choose_port(preferred: int = PREFERRED_PORT) -> int:
    """Return the preferred port when nobody listens on it on loopback, else 0: then the Backend chooses."""
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((_LOOPBACK, preferred))
        return preferred
    return 0


async def _read_address(process: asyncio.subprocess.Process, place: BackendPlace) -> str:
    output = process.stdout
    line = b""
    if output is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                line = await output.readline()
    try:
        announced = msgspec.json.decode(line, type=dict[str, str | None])
    except msgspec.DecodeError:
        raise _describe_end(place) from None
    return announced.get("address") or ""


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _describe_end(place: BackendPlace) -> BackendEndedError:
    """Find what it said last of why: the line that begins with `error: `."""
    said = ""
    with suppress(OSError):
        tail = place.log_file.read_bytes()[-_SAID_BYTES:].decode("utf-8", errors="replace")
        said = next((line for line in reversed(tail.splitlines()) if line.startswith("error: ")), "")
    return BackendEndedError(said.removeprefix("error: "), log=place.log_file)
