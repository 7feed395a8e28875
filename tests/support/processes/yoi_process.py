"""The real `yoi` process, with a store and a policy of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.processes.program import run_program
from support.repository import ROOT

LIBRARY = ROOT / "examples" / "library"
EXAMPLE_POLICY = ROOT / "examples" / "host-policy.toml"


@dataclass(frozen=True)
class Yoi:
    """Runs commands; the environment holds nothing of ours but what is given.

    Attributes:
        deadline_seconds: When a command that hangs is killed, and the test with it fails.
        typed: What stands on standard input; absent for nothing.
    """

    data: Path
    policy: Path = EXAMPLE_POLICY
    extra: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable
    deadline_seconds: float = 120.0
    typed: str | None = None

    def run(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("YOI_", "NO_COLOR"))
        }
        return run_program(
            "yoi",
            arguments,
            python=self.python,
            typed=self.typed or "",
            deadline_seconds=self.deadline_seconds,
            environment={
                **kept,
                "YOI_DATA_DIR": str(self.data),
                "YOI_CACHE_DIR": str(ROOT / ".cache" / "yoi"),
                "YOI_CONFIG_DIR": str(self.data.with_name(f"{self.data.name}-config")),
                "YOI_HOST_POLICY": str(self.policy),
                **self.extra,
                **environment,
            },
        )

    def read(self, *arguments: str | Path, code: int = 0, **environment: str) -> Any:
        """Run with `--json` and return the document, once the exit code is as expected."""
        done = self.run(*arguments, "--json", **environment)
        assert done.returncode == code, f"exit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return json.loads(done.stdout)


def find_other_python() -> str:
    """Return the Python 3.13 that `make setup` found a place for; skip the test, with the reason, where there is none."""
    python = ROOT / ".venv-3.13" / "bin" / "python"
    if not python.exists():
        pytest.skip("no Python 3.13 on this machine when `make unit` looked for one")
    return str(python)
