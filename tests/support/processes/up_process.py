"""`yoi up` as a process, and what it prints, line by line."""

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.processes.yoi_process import Yoi
from support.repository import ROOT

_DEADLINE_SECONDS = 60.0
_STEP_SECONDS = 0.05


class UpProcess:
    """A running `yoi up`.

    Attributes:
        lines: Everything that it has printed so far, as far as it was read.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._passed_over: list[str] = []
        self._arriving: queue.Queue[str | None] = queue.Queue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def wait_for_line(self, holds: Callable[[str], bool]) -> str:
        """Return a line that is as it should be and that nobody has waited for yet; fail when none comes.

        What went where and what changed come from two sides, in either order.
        """
        for place, line in enumerate(self._passed_over):
            if holds(line):
                return self._passed_over.pop(place)
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while True:
            try:
                line = self._arriving.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, "nothing like that was said:\n" + "\n".join(self.lines)
            self.lines.append(line)
            if holds(line):
                return line
            self._passed_over.append(line)

    def wait_for_event(self, event: str, **members: Any) -> dict[str, Any]:
        """Read on until a happening of `--json` comes that has these members."""

        def holds(line: str) -> bool:
            found = json.loads(line)
            return bool(
                found["event"] == event and all(found[name] == value for name, value in members.items())
            )

        found: dict[str, Any] = json.loads(self.wait_for_line(holds))
        return found

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(_DEADLINE_SECONDS)

    def find_backend(self) -> int:
        """Return the process id of its one child."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        assert len(children) == 1, children
        return int(children[0])

    def close(self) -> None:
        """Stop reading; the process has ended."""
        self._reading.join(_DEADLINE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arriving.put(line.rstrip("\n"))
        self._arriving.put(None)


@contextmanager
def start_up(yoi: Yoi, *arguments: str | Path) -> Iterator[UpProcess]:
    """Start it on a free port, and have it gone when the context ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YOI_")}
    environment = {
        **kept,
        "YOI_DATA_DIR": str(yoi.data),
        "YOI_CONFIG_DIR": str(yoi.data.with_name("config")),
        "YOI_CACHE_DIR": str(ROOT / ".cache" / "yoi"),
        "YOI_HOST_POLICY": str(yoi.policy),
        **yoi.extra,
    }
    port = () if "--port" in arguments else ("--port", "0")
    process = subprocess.Popen(
        [yoi.python, "-m", "yoi", "up", *map(str, arguments), *port],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        env=environment,
    )
    up = UpProcess(process)
    try:
        yield up
    finally:
        process.kill()
        process.wait(_DEADLINE_SECONDS)
        up.close()


def wait_until_gone(process: int) -> None:
    """Return once there is no process of this id, or only one that nobody has asked after; fail when that takes too long."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(_STEP_SECONDS)
    raise AssertionError(f"process {process} still runs")
