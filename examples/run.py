"""The main job, end to end: a Backend, two Runtimes, the example on both, a change, a rollback; every step explained.

Everything is written to a temporary directory that is gone afterwards, and nothing is left running. Run it by `make run`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from session import EXAMPLES, Background, Session, list_leftovers

WORKSPACE = "midorizaka-library"
RUNTIME = "reading-room"
TASK = "『こころ』を探している利用者に答える"
CORPUS_FILE = (
    EXAMPLES.parent.parent
    / "shared/corpora/davila7-templates/cli-tool/components/agents/development-tools/code-reviewer.md"
)


def bring_up(session: Session) -> Background:
    """Start a Backend with a Runtime in it, and wait until that has the example."""
    session.title(
        "One command: a Backend, a Runtime in it, and this library's workspace, built on every save"
    )
    up = session.start("up", "library", "--port", str(session.port))
    up.wait_for("embedded: in sync, revision 1")
    session.run("login", session.address, "--token-file", "data/backend/admin-token")
    return up


def add_remote(session: Session, up: Background) -> None:
    """Start a Runtime of its own, as on another host: it trusts the Backend's key, and gets what placement allows."""
    session.title("Another host: a Runtime that trusts this Backend's key, for this workspace alone")
    identity = session.read("identity", "show", "--data-dir", "data/backend")
    key = str(identity["active"]["public_key"])
    remote = ("--data-dir", "remote")
    session.run("runtime", "trust", "add", "backend", key, "--workspace", WORKSPACE, *remote)
    info = session.read("runtime", "info", *remote)
    url = f"http://127.0.0.1:{session.remote_port}"
    served = session.start(
        "runtime", "serve", "--port", str(session.remote_port), *remote, "--policy", "remote-policy.toml"
    )
    served.wait_for("listening on")
    session.run("runtime", "add", RUNTIME, url, "--id", str(info["id"]), "--label", "site=annexe")
    session.run("placement", "explain", WORKSPACE, RUNTIME)
    session.run("placement", "set", "--allow", f"{WORKSPACE}={RUNTIME}")
    up.wait_for(f"{RUNTIME}: in sync, revision 1")


def create_workers(session: Session) -> list[str]:
    """Create a Worker on each Runtime through the Backend, and print why one is what it is; return their ids."""
    session.title("A Worker on each, through the Backend; each host decides by its own policy what it may")
    workers = []
    for runtime in ("embedded", RUNTIME):
        options = ("--backend", "--workspace", WORKSPACE, "--on", runtime, "--task", TASK)
        session.run("worker", "create", "案内係", *options)
        workers.append(str(session.read("worker", "list", "--backend")["workers"][0]["id"]))
    session.run("worker", "explain", workers[1], "--backend")
    return workers


def change(session: Session, up: Background, workers: list[str]) -> None:
    """Save a file, and see the new revision on both Runtimes, and the Workers as they were."""
    session.title("Somebody edits a prompt and saves; `yoi up` says what changed, and where it went")
    before = [session.read_spec_digest(worker) for worker in workers]
    session.edit("library/.yoi/prompts/cataloguing.md", "State the edition where the book does.")
    up.wait_for("embedded: in sync, revision 2", f"{RUNTIME}: in sync, revision 2")
    session.run("worker", "create", "案内係", "--backend", "--workspace", WORKSPACE, "--on", RUNTIME)
    session.say("\nNew Workers have the new revision. The first ones keep what they were made with:")
    for worker, digest in zip(workers, before, strict=True):
        session.run("worker", "spec", worker, "--backend")
        if session.read_spec_digest(worker) != digest:
            raise SystemExit(f"the spec of {worker} was {digest} before")


def roll_back(session: Session, up: Background) -> None:
    """Go back, and see both Runtimes follow."""
    session.title("It was a mistake")
    session.run("workspace", "rollback", WORKSPACE, "--reason", "not what the desk agreed on")
    up.wait_for("embedded: in sync, revision 1", f"{RUNTIME}: in sync, revision 1")
    session.run("availability")
    session.run("workspace", "history", WORKSPACE)


def show_foreign_profile(session: Session) -> None:
    """Explain a Worker of a profile that was written for another program, untouched; a directory alone is enough."""
    if not CORPUS_FILE.is_file():
        return
    session.title("Without a Backend: an agent that somebody wrote for Claude Code, untouched")
    target = session.directory / "corpus" / "agents" / CORPUS_FILE.name
    target.parent.mkdir(parents=True)
    shutil.copyfile(CORPUS_FILE, target)
    session.run("bundle", "build", "corpus", "--workspace", "corpus")
    session.run("explain", "agents/code-reviewer", "--workspace", "corpus")


def run_example(directory: Path) -> None:
    """Run every step in a directory that is there for it."""
    with Session(directory) as session:
        up = bring_up(session)
        add_remote(session, up)
        workers = create_workers(session)
        change(session, up, workers)
        roll_back(session, up)
        show_foreign_profile(session)


def main() -> None:
    """Run the example; any failing command ends it with that command's exit code."""
    with tempfile.TemporaryDirectory(prefix="yoi-example-") as name:
        try:
            run_example(Path(name))
        except subprocess.CalledProcessError as error:
            sys.exit(error.returncode)
        left = list_leftovers(Path(name))
    if left:
        sys.exit(f"still running: {', '.join(left)}")
    print("\nDone; nothing is left behind, and nothing runs any more.")


if __name__ == "__main__":
    main()
