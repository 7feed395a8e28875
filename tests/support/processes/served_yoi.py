"""`yoi runtime serve` as a process, for as long as a test needs it."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.processes.program import Program, start_program
from support.processes.yoi_process import Yoi
from support.repository import ROOT

_DEADLINE_SECONDS = 60.0
_STEP_SECONDS = 0.05


@dataclass
class ServedYoi:
    """A running server.

    Attributes:
        address: Where it says that it listens: `http://…`, `https://…` or `unix:…`.
        log: Its standard error; JSON lines beside what it tells its operator.
        output: Its standard output.
    """

    process: Program
    address: str
    log: Path
    output: Path

    def stop(self) -> int:
        """End it as a service manager does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_DEADLINE_SECONDS)

    def read_events(self) -> list[dict[str, Any]]:
        """Return the structured lines of its log."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def serve(yoi: Yoi, *arguments: str | Path) -> Iterator[ServedYoi]:
    """Serve a data directory on a free port, unless the arguments say where, until the context ends."""
    named = {"--socket", "--port", "--config"} & {str(one) for one in arguments}
    port = () if named else ("--port", "0")
    log, output = (yoi.data.with_name(f"{yoi.data.name}-serve.{kind}") for kind in ("log", "out"))
    with log.open("wb") as errors, output.open("wb") as printed:
        process = start_program(
            "yoi",
            ["runtime", "serve", *port, *arguments],
            stdout=printed,
            stderr=errors,
            python=yoi.python,
            environment=_build_environment(yoi),
        )
    try:
        yield ServedYoi(process=process, address=_wait_for_address(process, log), log=log, output=output)
    finally:
        process.kill()
        process.wait(_DEADLINE_SECONDS)


def _build_environment(yoi: Yoi) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YOI_", "OTEL_"))}
    return {
        **kept,
        "YOI_DATA_DIR": str(yoi.data),
        "YOI_CACHE_DIR": str(ROOT / ".cache" / "yoi"),
        "YOI_CONFIG_DIR": str(yoi.data.with_name(f"{yoi.data.name}-config")),
        "YOI_HOST_POLICY": str(yoi.policy),
        **yoi.extra,
    }


def _wait_for_address(process: Program, log: Path) -> str:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline:
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("listening on "):
                return line.removeprefix("listening on ")
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(_STEP_SECONDS)
    raise AssertionError(f"not listening in time: {log.read_text(encoding='utf-8')}")
