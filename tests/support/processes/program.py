"""Start a program of ours, `python -m yoi …`, in a process of its own: forked from one that has imported it, or anew.

Nearly all of the time of a short command is its imports. One start in twenty, chosen by the test that makes it, is a true
one all the same; so is every start that differs in more than the fork server can give its child.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Protocol

from support.processes.fork_server import MAX_MESSAGE_BYTES

_SERVER = Path(__file__).with_name("fork_server.py")
_TRUE_START_IN = 20
# What an interpreter reads before any program runs, and what libraries keep from their import on.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "MALLOC_", "LD_", "TMPDIR", "TZDIR")
# Of these the fork server takes care.
_TAKEN_CARE_OF = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
_CAN_FORK = sys.platform == "linux"


class Program(Protocol):
    """A running program; `subprocess.Popen` is one."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


class ForkedProgram:
    """A child of the fork server; behaves as `subprocess.Popen` does."""

    def __init__(self, status: socket.socket, arguments: Sequence[str]) -> None:
        self.args = arguments
        self.returncode: int | None = None
        self._lock = threading.Lock()
        self._status = status.detach()
        weakref.finalize(self, os.close, self._status)
        self._said = b""
        while b"\n" not in self._said:
            self._said += self._read()
        self.pid = int(self._said.split(b"\n")[0])
        os.set_blocking(self._status, False)

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        watching = select.poll()
        watching.register(self._status, select.POLLIN)
        while self.returncode is None:
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            if not watching.poll(left):
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            with self._lock:
                self._find_returncode()
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _find_returncode(self) -> None:
        with suppress(BlockingIOError):
            while self.returncode is None:
                self._said += self._read()
                _, _, status = self._said.partition(b"\n")
                self.returncode = int(status) if status.endswith(b"\n") else None

    def _read(self) -> bytes:
        more = os.read(self._status, 64)
        assert more, "the fork server has ended"
        return more


class _Server:
    """The fork server of this process, started when it is first needed."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._control, given = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._process = subprocess.Popen([sys.executable, _SERVER], stdin=given, stdout=subprocess.DEVNULL)
        given.close()
        atexit.register(self.close)

    def fork(self, command: bytes, arguments: Sequence[str], streams: Sequence[IO[bytes]]) -> ForkedProgram:
        mine, given = socket.socketpair()
        descriptors = [*(one.fileno() for one in streams), given.fileno()]
        socket.send_fds(self._control, [command], descriptors)
        given.close()
        return ForkedProgram(mine, arguments)

    def close(self) -> None:
        if os.getpid() == self.owner:
            self._control.close()
            self._process.wait()


class _Starts:
    """Chooses between fork and true start, the same in every run of a test."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._server: _Server | None = None

    def is_true(self, test: str) -> bool:
        with self._lock:
            self._counts[test] += 1
            return zlib.crc32(f"{test} {self._counts[test]}".encode()) % _TRUE_START_IN == 0

    def get_server(self) -> _Server:
        with self._lock:
            if self._server is None or self._server.owner != os.getpid():
                self._server = _Server()
            return self._server


_STARTS = _Starts()


def start_program(
    module: str,
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    stdout: IO[bytes],
    stderr: IO[bytes],
    stdin: IO[bytes] | None = None,
    python: str = sys.executable,
    directory: Path | None = None,
    anew: bool = False,
) -> Program:
    """Start `PYTHON -m MODULE ARGUMENTS`.

    Args:
        module: `yoi` or `yoi_workspace_server`.
        arguments: Of its command line.
        environment: All of it.
        stdout: Its standard output.
        stderr: Its standard error.
        stdin: Its standard input, which is closed here; absent for nothing.
        python: Another than that of the tests is started anew.
        directory: To work in; that of the tests when absent.
        anew: Start an interpreter in any case, since the test is about it: its memory, its hash seed, its imports.
    """
    umask = os.umask(0)
    os.umask(umask)
    words = [str(one) for one in arguments]
    command = {
        "module": module,
        "arguments": words,
        "environment": dict(environment),
        "directory": str(directory or Path.cwd()),
        "umask": umask,
    }
    message = json.dumps(command).encode()
    line = [python, "-m", module, *words]
    with stdin or Path(os.devnull).open("rb") as given:
        if (
            anew
            or not _CAN_FORK
            or python != sys.executable
            or len(message) > MAX_MESSAGE_BYTES
            or _read_at_start(environment) != _read_at_start(os.environ)
            or _STARTS.is_true(os.environ.get("PYTEST_CURRENT_TEST", ""))
        ):
            return subprocess.Popen(
                line, stdin=given, stdout=stdout, stderr=stderr, env=dict(environment), cwd=directory
            )
        return _STARTS.get_server().fork(message, line, (given, stdout, stderr))


def run_program(
    module: str,
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    deadline_seconds: float,
    typed: str = "",
    python: str = sys.executable,
    directory: Path | None = None,
    anew: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as `subprocess.run` does; see `start_program`.

    Args:
        module: As there, and so are the others.
        typed: What stands on standard input, a few words.
        deadline_seconds: When it is killed.

    Raises:
        subprocess.TimeoutExpired: It has not ended by then.
    """
    reader, writer = os.pipe()
    with TemporaryFile() as output, TemporaryFile() as errors:
        with os.fdopen(writer, "wb") as typing, os.fdopen(reader, "rb") as stdin:
            typing.write(typed.encode())
            typing.close()
            process = start_program(
                module,
                arguments,
                environment=environment,
                stdin=stdin,
                stdout=output,
                stderr=errors,
                python=python,
                directory=directory,
                anew=anew,
            )
        try:
            code = process.wait(deadline_seconds)
        finally:
            process.kill()
            process.wait()
        read = [stream.seek(0) or stream.read().decode("utf-8") for stream in (output, errors)]
    return subprocess.CompletedProcess(
        [python, "-m", module, *map(str, arguments)], code, stdout=read[0], stderr=read[1]
    )


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_READ_AT_START) and name not in _TAKEN_CARE_OF
    }
