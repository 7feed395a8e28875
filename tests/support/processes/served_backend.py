"""The Backend as a process, as `yoi server serve` starts it, for as long as a test needs it."""

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.processes.program import Program, start_program
from worker_runtime.trust.identity import IDENTITY_FILE, load_identity
from yoi.backend.address import BackendAddress

_DEADLINE_SECONDS = 60.0
_STEP_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class ServedBackend:
    """A running server, on SQLite in a directory of its own.

    Attributes:
        url: Where it says that it listens.
        token_file: Holds the first admin's token.
        log: Its standard error.
    """

    process: Program
    url: str
    data: Path
    token_file: Path
    log: Path

    @property
    def token(self) -> str:
        return self.token_file.read_text(encoding="ascii").strip()

    @property
    def address(self) -> BackendAddress:
        """For a client in the test's own process."""
        return BackendAddress(url=self.url, token=self.token)

    @property
    def options(self) -> tuple[str, ...]:
        """What tells a command to ask this Backend."""
        return ("--server", self.url, "--token-file", str(self.token_file))

    @property
    def public_key(self) -> str:
        """What a Runtime trusts it by, under the name `backend`."""
        return load_identity(self.data / IDENTITY_FILE).active.public_key

    def stop(self) -> int:
        """End it as a service manager does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_DEADLINE_SECONDS)

    def read_events(self) -> list[dict[str, Any]]:
        """Return the structured lines of its log."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def serve_backend(
    directory: Path,
    *arguments: str | Path,
    embedded: str | None = "embedded",
    source_roots: Sequence[Path] = (),
) -> Iterator[ServedBackend]:
    """Serve the Backend of a directory until the context ends; a second time it goes on with what is there.

    Args:
        directory: Made when it is not there; data, log and output lie in it.
        arguments: Further ones of the program.
        embedded: Name of a Runtime in the same process; None for none.
        source_roots: Where workspaces may lie.
    """
    directory.mkdir(parents=True, exist_ok=True)
    data, log, output = directory / "data", directory / "log", directory / "output"
    command = ["--data-dir", data, "--port", "0"]
    command += [] if embedded is None else ["--embedded", embedded]
    for root in source_roots:
        command += ["--source-root", root]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YOI_", "OTEL_"))}
    with log.open("wb") as errors, output.open("wb") as printed:
        process = start_program(
            "yoi_workspace_server",
            [*command, *arguments],
            stdout=printed,
            stderr=errors,
            environment=kept,
        )
    try:
        yield ServedBackend(
            process=process,
            url=_wait_for_address(process, output, log),
            data=data,
            token_file=data / "admin-token",
            log=log,
        )
    finally:
        process.kill()
        process.wait(_DEADLINE_SECONDS)


def _wait_for_address(process: Program, output: Path, log: Path) -> str:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline:
        line, end, _ = output.read_text(encoding="utf-8").partition("\n")
        if end:
            address: str = json.loads(line)["address"]
            return address
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(_STEP_SECONDS)
    raise AssertionError(f"not listening in time: {log.read_text(encoding='utf-8')}")
