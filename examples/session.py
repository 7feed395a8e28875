"""A shell session, written down: commands shown as a person would type them, some of them in the background."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Self

EXAMPLES = Path(__file__).resolve().parent

_DEADLINE_SECONDS = 120.0
_STOP_SECONDS = 30.0
_LOG_LINE = re.compile(r"\s*\{")


class Background:
    """A command that goes on; its output is let through, but for lines of its log.

    Args:
        process: Was started with its output as one pipe.
        name: Stands before each line.
    """

    def __init__(self, process: "subprocess.Popen[str]", name: str) -> None:
        self.process = process
        self._name = name
        self._lines: list[str] = []
        self._seen = 0
        self._arrived = threading.Condition()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def wait_for(self, *texts: str) -> None:
        """Return once each text has been printed, in any order, by lines that nobody has waited for yet."""
        missing = set(texts)
        with self._arrived:
            while missing:
                if self._seen == len(self._lines):
                    ended = not self._reading.is_alive()
                    if ended or not self._arrived.wait(_DEADLINE_SECONDS):
                        raise SystemExit(f"`{self._name}` never said: {', '.join(sorted(missing))}")
                    continue
                line = self._lines[self._seen]
                self._seen += 1
                missing -= {text for text in missing if text in line}

    def stop(self) -> None:
        """End it as Ctrl-C does, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reading.join(_STOP_SECONDS)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                text = line.rstrip("\n")
                if not _LOG_LINE.match(text):
                    print(f"  {self._name} | {text}", flush=True)
                with self._arrived:
                    self._lines.append(text)
                    self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()


class Session:
    """Runs `yoi` commands with places of their own; ends what was started in the background.

    Attributes:
        directory: Holds a copy of the example and of its host policy, and all data.
        port: Where the Backend is to listen.
        remote_port: Where the Runtime of the other host is to listen.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._kept = (_keep_port(), _keep_port())
        self.port, self.remote_port = (one.getsockname()[1] for one in self._kept)
        self.address = f"http://127.0.0.1:{self.port}"
        self._started: list[Background] = []
        shutil.copytree(EXAMPLES / "library", directory / "library")
        policy = (EXAMPLES / "host-policy.toml").read_text(encoding="utf-8")
        (directory / "host-policy.toml").write_text(policy, encoding="utf-8")
        # The other host grants the same, on the word of the Backend instead of on that of its own operator.
        remote = policy.replace('issuer = "local"', 'issuer = "backend"')
        (directory / "remote-policy.toml").write_text(remote, encoding="utf-8")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YOI_")},
            "YOI_DATA_DIR": str(directory / "data"),
            "YOI_CACHE_DIR": os.environ.get("YOI_CACHE_DIR") or str(directory / "cache"),
            "YOI_CONFIG_DIR": str(directory / "config"),
            "YOI_HOST_POLICY": str(directory / "host-policy.toml"),
            # Stands for the host's own secret store; the value is made up for this run and shown nowhere.
            "YOI_SECRET_ANTHROPIC_API_KEY": secrets.token_urlsafe(24),
        }

    def __enter__(self) -> Self:
        self._former = signal.signal(signal.SIGTERM, _exit)
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._started:
            one.stop()
        for kept in self._kept:
            kept.close()
        signal.signal(signal.SIGTERM, self._former)

    def title(self, text: str) -> None:
        print(f"\n== {text} ==", flush=True)

    def say(self, text: str) -> None:
        print(text, flush=True)

    def run(self, *arguments: str) -> None:
        """Run a command and let its output through.

        Raises:
            subprocess.CalledProcessError: It failed.
        """
        print(f"\n$ yoi {_show(arguments)}", flush=True)
        subprocess.run(_line(arguments), env=self._environment, cwd=self.directory, check=True)

    def start(self, *arguments: str) -> Background:
        """Start a command that goes on."""
        print(f"\n$ yoi {_show(arguments)} &", flush=True)
        process = subprocess.Popen(
            _line(arguments),
            env=self._environment,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            # Ctrl-C reaches this program alone, which then ends the others in order.
            start_new_session=True,
        )
        self._started.append(Background(process, f"yoi {arguments[0]}"))
        return self._started[-1]

    def read(self, *arguments: str) -> dict[str, Any]:
        """Run a command with `--json` and return what it says."""
        line = _line((*arguments, "--json"))
        done = subprocess.run(
            line, env=self._environment, cwd=self.directory, check=True, stdout=subprocess.PIPE
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def read_spec_digest(self, worker: str) -> str:
        """Return the digest of what a Worker may do, as its Runtime has it."""
        return str(self.read("worker", "spec", worker, "--backend")["spec_digest"])

    def edit(self, name: str, line: str) -> None:
        """Add a line to a file."""
        print(f"\n$ echo '{line}' >> {name}", flush=True)
        with (self.directory / name).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def list_leftovers(directory: Path) -> list[str]:
    """Return the processes that still have something to do with a directory, where the system says so.

    A process that has just ended may stand there a moment longer.
    """
    deadline = time.monotonic() + _STOP_SECONDS
    while (found := _find_processes(directory)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _find_processes(directory: Path) -> list[str]:
    mark = os.fsencode(str(directory))
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.name) != os.getpid() and mark in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue  # it has just ended, or is somebody else's
    return found


def _line(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "yoi", *arguments]


def _show(arguments: Sequence[str]) -> str:
    return " ".join(f"'{one}'" if not one or " " in one else one for one in arguments)


def _keep_port() -> socket.socket:
    """Keep a free port for a server to come: the system gives it to nobody else, and the servers share theirs."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    kept.bind(("127.0.0.1", 0))
    return kept


def _exit(_: int, __: FrameType | None) -> None:
    sys.exit(143)
