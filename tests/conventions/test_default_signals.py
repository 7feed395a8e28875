"""Children of tests have default signals, even where the tests themselves were started with SIGINT ignored."""

import subprocess
import sys
from pathlib import Path

from support.repository import ROOT

_IGNORED = 'trap "" INT QUIT HUP; exec "$@"'
_CHILD = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"


def _run_with_signals_ignored(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", _IGNORED, "sh", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_child_is_interrupted_by_sigint() -> None:
    done = subprocess.run([sys.executable, "-c", _CHILD], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_so_it_is_when_the_tests_are_started_with_sigint_ignored() -> None:
    assert _run_with_signals_ignored(sys.executable, "-c", _CHILD).stdout == "False\n"
    one = f"{Path(__file__).relative_to(ROOT)}::test_a_child_is_interrupted_by_sigint"
    done = _run_with_signals_ignored(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", one)
    assert done.returncode == 0, done.stdout + done.stderr
