"""The main job, end to end: build the example workspace, store it, create a Worker, explain every decision.

Everything is written to a temporary directory that is gone afterwards. Run it by `make run`.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
LIBRARY = EXAMPLES / "library"
CORPUS_FILE = (
    EXAMPLES.parent.parent
    / "shared/corpora/davila7-templates/cli-tool/components/agents/development-tools/code-reviewer.md"
)


class Session:
    """Runs `yoi` commands against a Runtime of their own, and shows each as a person would type it."""

    def __init__(self, directory: Path) -> None:
        self._environment = {
            **os.environ,
            "YOI_DATA_DIR": str(directory / "data"),
            "YOI_CACHE_DIR": str(directory / "cache"),
            "YOI_HOST_POLICY": str(EXAMPLES / "host-policy.toml"),
            # Stands for the host's own secret store; the value is made up for this run and shown nowhere.
            "YOI_SECRET_ANTHROPIC_API_KEY": secrets.token_urlsafe(24),
        }

    def run(self, *arguments: str, shown: str | None = None) -> None:
        """Run a command and let its output through.

        Raises:
            subprocess.CalledProcessError: It failed.
        """
        print(f"\n$ yoi {shown or ' '.join(arguments)}", flush=True)
        subprocess.run(self._line(arguments), env=self._environment, check=True)

    def read(self, *arguments: str) -> dict[str, object]:
        """Run a command with `--json` and return what it says."""
        done = subprocess.run(
            self._line((*arguments, "--json")), env=self._environment, check=True, stdout=subprocess.PIPE
        )
        found: dict[str, object] = json.loads(done.stdout)
        return found

    def _line(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "yoi", *arguments]


def show_worker(session: Session, profile: str, *, workspace: str, task: str) -> None:
    """Create a Worker and print why it is what it is."""
    options = ("--workspace", workspace, "--task", task)
    session.run(
        "worker", "create", profile, *options, shown=f"worker create {profile} --workspace {workspace}"
    )
    workers = session.read("worker", "list", "--workspace", workspace)["workers"]
    assert isinstance(workers, list)
    session.run("worker", "explain", str(workers[0]["id"]))


def show_library(session: Session) -> None:
    """Build and store the example, then explain two of its profiles."""
    print("== The library's workspace: 28 files in Japanese and English, five formats ==")
    session.run("bundle", "build", str(LIBRARY), shown="bundle build examples/library")
    show_worker(
        session, "案内係", workspace="midorizaka-library", task="『こころ』を探している利用者に答える"
    )
    print("\n== Another profile of the same bundle, not created, only asked about ==")
    session.run("explain", "catalogue-reviewer", "--workspace", "midorizaka-library")


def show_foreign_profile(session: Session, directory: Path) -> None:
    """Explain a Worker of a profile that was written for another program, untouched, under the same policy file."""
    if not CORPUS_FILE.is_file():
        print("\n== No corpora beside this checkout: a Claude Code agent of the example instead ==")
        show_worker(
            session, ".claude/agents/acquisitions", workspace="midorizaka-library", task="Read the wish list"
        )
        return
    print("\n== An agent that somebody wrote for Claude Code, untouched, under the same policy file ==")
    workspace = directory / "corpus"
    target = workspace / "agents" / CORPUS_FILE.name
    target.parent.mkdir(parents=True)
    shutil.copyfile(CORPUS_FILE, target)
    session.run(
        "bundle", "build", str(workspace), "--workspace", "corpus", shown="bundle build --workspace corpus"
    )
    show_worker(session, "agents/code-reviewer", workspace="corpus", task="Review the last change")


def main() -> None:
    """Run the example; any failing command ends it with that command's exit code."""
    with tempfile.TemporaryDirectory(prefix="yoi-example-") as name:
        session = Session(Path(name))
        try:
            show_library(session)
            show_foreign_profile(session, Path(name))
        except subprocess.CalledProcessError as error:
            sys.exit(error.returncode)
    print("\nDone; nothing is left behind.")


if __name__ == "__main__":
    main()
