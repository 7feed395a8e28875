"""A Backend with an embedded Runtime and a remote one, and a user who is logged in: all real processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.processes.served_backend import ServedBackend, serve_backend
from support.processes.served_yoi import ServedYoi, serve
from support.processes.yoi_process import Yoi

_POLICY = """\
version = 1
[[workspace]]
issuer = "backend"
id = "{workspace}"
[workspace.tools]
rules = ["allow file.read"]
"""
_PROFILE = """\
---
title: Helper
model_required: false
tools: [file.read]
---
{text}
"""


def write_workspace(directory: Path, text: str, *, profile: str = "helper") -> Path:
    """Write a workspace of one profile, or change its text; return its directory."""
    file = directory / ".yoi" / "profiles" / f"{profile}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_PROFILE.format(text=text), encoding="utf-8")
    return directory


@dataclass(frozen=True)
class Online:
    """Attributes: lab: The remote Runtime; it trusts the Backend for the workspaces `atelier` and `library`."""

    user: Yoi
    backend: ServedBackend
    lab: ServedYoi
    lab_id: str
    place: Path

    def read(self, *arguments: str | Path, code: int = 0) -> Any:
        return self.user.read(*arguments, code=code)

    def say(self, *arguments: str | Path) -> str:
        """Run a command for people, and return what it says to them."""
        done = self.user.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add_lab(self, name: str) -> Any:
        """Register the remote Runtime, which may be in the registry only once."""
        return self.read(
            "runtime", "add", name, self.lab.address, "--id", self.lab_id, "--label", "site=north"
        )


@contextmanager
def open_online(place: Path) -> Iterator[Online]:
    """Start everything; what a command finds in the environment is none of it."""
    with serve_backend(place / "backend", source_roots=[place]) as backend:
        host = Yoi(place / "host", policy=place / "lab-policy.toml")
        host.policy.write_text(_POLICY.format(workspace="library"), encoding="utf-8")
        names = ("--workspace", "library", "--workspace", "atelier")
        host.read("runtime", "trust", "add", "backend", backend.public_key, *names)
        user = Yoi(place / "user", policy=place / "none.toml")
        with serve(host) as lab:
            user.read("login", backend.url, "--token-file", backend.token_file)
            yield Online(user, backend, lab, host.read("runtime", "info")["id"], place)
