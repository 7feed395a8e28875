"""One replica of the Backend in a process of its own: killed, paused, and started again on one port."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp

from support.processes.program import Program, start_program
from support.processes.reserved_port import ReservedPort
from support.repository import ROOT
from worker_runtime.trust.identity import IDENTITY_FILE

_DEADLINE_SECONDS = 60.0
_POLL_SECONDS = 0.02


class ServedReplica:
    """A replica.

    Attributes:
        url: Of its API.
        listens: Whether it has started, and nobody has ended it since.
    """

    def __init__(self, directory: Path, *, database: str, identity: Path, settings: str = "") -> None:
        directory.mkdir(parents=True)
        self._reserved = ReservedPort()
        port = self._reserved.number
        self.url = f"http://127.0.0.1:{port}/api/v1"
        self._directory = directory
        self._database = database
        self.listens = False
        self._starts = 0
        self._process: Program | None = None
        _share_scanner(directory / "data")
        own = directory / IDENTITY_FILE
        own.touch(mode=0o600)
        own.write_bytes(identity.read_bytes())
        (directory / "server.toml").write_text(
            f'data_directory = "data"\nport = {port}\nidentity = "{IDENTITY_FILE}"\n{settings}',
            encoding="utf-8",
        )

    @property
    def process(self) -> Program:
        assert self._process is not None, "it was never started"
        return self._process

    @property
    def log(self) -> str:
        """What its last start has said so far."""
        return self._find_log("log").read_text(encoding="utf-8")

    def has_logged(self, event: str) -> bool:
        """Tell whether any of its starts has said something."""
        logs = (path.read_text(encoding="utf-8") for path in self._directory.glob("*.log"))
        return any(f'"event":"{event}"' in log for log in logs)

    def read_token(self) -> str:
        """Return the first token, which the replica that found an empty database wrote down."""
        return (self._directory / "data" / "admin-token").read_text(encoding="ascii").strip()

    def start(self) -> None:
        """Return once it listens."""
        self._starts += 1
        with self._find_log("log").open("wb") as errors, self._find_log("out").open("wb") as printed:
            self._process = start_program(
                "yoi_workspace_server",
                ["--config", self._directory / "server.toml"],
                stdout=printed,
                stderr=errors,
                environment={"PATH": os.defpath, "YOI_DATABASE_URL": self._database},
            )
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not self._find_log("out").read_bytes().endswith(b"\n"):
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, f"it does not listen: {self.log}"
            time.sleep(_POLL_SECONDS)
        self.listens = True

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.listens = False
        self.process.kill()
        assert self.process.wait(_DEADLINE_SECONDS) == -signal.SIGKILL, "it ended by itself"

    def pause(self) -> None:
        """Have it do nothing at all, and know nothing of it, until it is resumed."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def clean_up(self) -> None:
        """End it, whatever became of it."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(_DEADLINE_SECONDS)
        self._reserved.close()

    def _find_log(self, suffix: str) -> Path:
        return self._directory / f"{self._starts}.{suffix}"


def _share_scanner(data: Path) -> None:
    """Have the secret scanner find its compiled rules where other tests have left them; making them takes seconds."""
    compiled = ROOT / ".cache" / "yoi" / "scanner"
    compiled.mkdir(mode=0o700, parents=True, exist_ok=True)
    data.mkdir(mode=0o700)
    (data / "scanner").symlink_to(compiled)


class ReplicaApi:
    """Asks a replica as an admin."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def get(self, path: str, **query: str) -> Any:
        async with self._session.get(f"{self._url}/{path}", params=query) as answer:
            return await _read(answer)

    async def post(self, path: str, document: object) -> Any:
        async with self._session.post(f"{self._url}/{path}", json=document) as answer:
            return await _read(answer)

    async def put(self, path: str, document: object) -> Any:
        async with self._session.put(f"{self._url}/{path}", json=document) as answer:
            return await _read(answer)

    async def send(self, path: str, body: bytes, media_type: str) -> Any:
        headers = {"Content-Type": media_type}
        async with self._session.post(f"{self._url}/{path}", data=body, headers=headers) as answer:
            return await _read(answer)

    async def list_all(self, path: str, **query: str) -> list[Any]:
        """Return the items of every page."""
        found: list[Any] = []
        while True:
            page = await self.get(path, **query)
            found += page["items"]
            if page.get("next_cursor") is None:
                return found
            query["cursor"] = page["next_cursor"]


async def _read(answer: aiohttp.ClientResponse) -> Any:
    document = await answer.json(content_type=None)
    assert answer.status < 400, f"{answer.status}: {document}"
    return document
