"""A Runtime in a process of its own, as `yoi runtime serve` starts it: killed, stopped and started again on one port."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from support.processes.program import Program, start_program
from support.processes.reserved_port import ReservedPort
from worker_runtime.contract.caller import Caller, build_local_caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.trust.identity import create_identity, load_identity
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_wire.client.deadlines import Deadlines
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.clock import SystemClock, format_instant

ISSUER = "main"
_DEADLINE_SECONDS = 60.0
_POLL_SECONDS = 0.02


class ServedProcess:
    """A server on loopback, and the Backend's identity that it trusts; one of its own unless one is given.

    Attributes:
        data: Its data directory.
        port: On 127.0.0.1; the same after every restart.
        identity_file: The Backend's key.
        runtime_id: What tokens for it name.

    Args:
        directory: For all its files.
        workspaces: That the Backend may bring.
        identity_file: The Backend's; absent for a new one.
        prefix: What its command is started by.
        options: More of its command.
        anew: Start an interpreter, not a fork, since its memory is measured.
    """

    def __init__(
        self,
        directory: Path,
        *,
        workspaces: Sequence[str],
        identity_file: Path | None = None,
        prefix: Sequence[str] = (),
        options: Sequence[str | Path] = (),
        anew: bool = False,
    ) -> None:
        self.data = directory / "data"
        self.data.mkdir(parents=True)
        self.identity_file = identity_file or directory / "identity.json"
        if identity_file is None:
            create_identity(self.identity_file, issuer=ISSUER)
        identity = load_identity(self.identity_file)
        TrustStore(self.data / TRUST_FILE).add(
            issuer=identity.issuer,
            public_key=identity.active.public_key,
            workspaces=workspaces,
            added_at=format_instant(SystemClock().now()),
        )
        self.runtime_id = self._read_id()
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self._directory = directory
        self._prefix = prefix
        self._options = options
        self._anew = anew
        self._process: Program | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.clean_up()

    def clean_up(self) -> None:
        """End it, whatever became of it."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(_DEADLINE_SECONDS)
        self._reserved.close()

    @property
    def process(self) -> Program:
        assert self._process is not None, "it was never started"
        return self._process

    @property
    def log(self) -> str:
        """What the last start has said so far."""
        return (self._directory / "log").read_text(encoding="utf-8")

    def start(self) -> None:
        """Return once it listens."""
        with (self._directory / "log").open("wb") as stream:
            self._process = self._start(stream)
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while "listening on" not in self.log:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, f"it does not listen: {self.log}"
            time.sleep(_POLL_SECONDS)

    def _start(self, stream: IO[bytes]) -> Program:
        arguments = ["runtime", "serve", "--port", str(self.port), *map(str, self._options)]
        environment = {
            "PATH": os.defpath,
            "YOI_DATA_DIR": str(self.data),
            "YOI_CACHE_DIR": str(self._directory / "cache"),
            "YOI_HOST_POLICY": str(self._directory / "host-policy.toml"),
        }
        if self._prefix:
            command = [*self._prefix, sys.executable, "-m", "yoi", *arguments]
            return subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)
        return start_program(
            "yoi", arguments, environment=environment, stdout=stream, stderr=stream, anew=self._anew
        )

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.process.kill()
        assert self.process.wait(_DEADLINE_SECONDS) == -signal.SIGKILL, "it ended by itself"

    def stop(self) -> int:
        """Tell it to stop, and return its exit code once it has."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_DEADLINE_SECONDS)

    def open_client(self, port: int | None = None, deadlines: Deadlines | None = None) -> RemoteRuntime:
        """Return a client; through another port when a proxy stands between."""
        return open_client(port or self.port, self.identity_file, self.runtime_id, deadlines)

    def count_sockets(self) -> int:
        """Return how many sockets the process has open."""
        return sum(one.startswith("socket:") for one in self._list_descriptors())

    def list_unnamed_files(self) -> list[str]:
        """Return the files without a name that the process has open; packs pass through such."""
        return [one for one in self._list_descriptors() if one.endswith(" (deleted)")]

    def _list_descriptors(self) -> list[str]:
        found = []
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.append(str(entry.readlink()))
        return found

    def measure_resident_bytes(self) -> int:
        """Return the memory of the process that is in use."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def list_files(self) -> set[str]:
        """Return the names of everything in the data directory."""
        return {str(path.relative_to(self.data)) for path in self.data.rglob("*")}

    def _read_id(self) -> str:
        embedded = EmbeddedRuntime(self.data)
        try:
            return asyncio.run(embedded.get_runtime(build_local_caller())).id
        finally:
            embedded.close()


def open_client(
    port: int, identity_file: Path, runtime_id: str, deadlines: Deadlines | None = None
) -> RemoteRuntime:
    """Return a client of a Runtime on loopback."""
    credentials = SignedCredentials(load_identity(identity_file), audience=runtime_id, clock=SystemClock())
    endpoint = Endpoint(url=f"http://127.0.0.1:{port}")
    return RemoteRuntime(Connection(endpoint, credentials, deadlines=deadlines))


def build_backend(workspace: str, issuer: str = ISSUER) -> Caller:
    """Return the Backend as it asks about one workspace."""
    return Caller(
        kind="remote",
        issuer=issuer,
        workspaces=frozenset({workspace}),
        scopes=frozenset({"runtime:read", "bundles:read", "bundles:write"}),
    )


async def wait_until(holds: Callable[[], bool], what: str, *, poll_seconds: float = _POLL_SECONDS) -> None:
    """Return once something holds; fail, and say what did not, when that takes too long."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(poll_seconds)
