"""Migration of data that an older version's wheels wrote, tried from the history of this repository (K-08).

    python tests/migration/run.py [--commit COMMIT] [--keep DIRECTORY]

Takes an older commit's sources out of git, builds its wheels, installs them into an environment of their own with the dependencies that
it pinned, and has its programs write: a Backend on SQLite and one on PostgreSQL, each with a Runtime in a data directory of
its own, workspaces from git and published, revisions, a rollback, a revocation, placement, tokens, Workers, audit. Then all is stopped,
and the programs of this version are started on the same data. What the older version said of it is compared with what this
one says, member by member; then everything has to go on: a new revision, a new Worker.

The suite does the same with a small recording (`packages/yoi-workspace-server/tests/store/data`); this needs the
network, for the older dependencies, and a minute or two.
"""

import argparse
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.backend.real_postgresql import PostgresqlServer

ROOT = Path(__file__).resolve().parents[2]
_FIRST = "bca98e6"
_BIN = Path(sys.executable).parent
_DEADLINE_SECONDS = 60.0
_PROFILE = "---\ndescription: Answers questions.\nmodel_required: false\ntools: [file.read]\n---\nBe kind.\n"
_POLICY = """\
version = 1

[[workspace]]
issuer = "backend"
id = "library"

[workspace.tools]
rules = ["allow file.read"]

[[workspace]]
issuer = "local"
id = "library"

[workspace.tools]
rules = ["allow file.read"]
"""
_MOVING = frozenset(
    {
        "last_attempt_at",
        "last_success_at",
        "next_attempt_at",
        "observed_at",
        "inspected_at",
        "last_seen_at",
        "last_used_at",
        "announcement",
        "attempts",
    }
)
"""What changes by itself: when somebody was asked last, and what a Runtime of the newer version says of itself."""


class Programs:
    """The programs of one version.

    Args:
        binaries: Where they are installed.
        home: Of the user who runs them: logins, and git's author.
    """

    def __init__(self, binaries: Path, home: Path) -> None:
        self.binaries = binaries
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YOI_")},
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "HOME": str(home),
            "YOI_CONFIG_DIR": str(home / "configuration"),
        }

    def run(self, *arguments: object, expect: int = 0) -> str:
        """Run `yoi` to its end and return what it printed."""
        command = [str(self.binaries / "yoi"), *map(str, arguments)]
        done = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != expect:
            sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def serve(self, *arguments: object, port: int) -> Iterator[None]:
        """Have a server running, until SIGTERM."""
        command = [str(self.binaries / "yoi"), *map(str, arguments), "--port", str(port)]
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as server:
            try:
                _wait_for(lambda: _is_ready(port, server), f"{' '.join(command)} to be ready")
                yield
            finally:
                server.send_signal(signal.SIGTERM)
                server.communicate(timeout=_DEADLINE_SECONDS)


def _is_ready(port: int, server: subprocess.Popen[str]) -> bool:
    if server.poll() is not None:
        sys.exit(f"a server ended: {server.stderr.read() if server.stderr else ''}")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited in vain for {what}")
        time.sleep(0.1)


def _choose_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Lab:
    """One Backend, one Runtime, and the sources of their workspaces, in a directory.

    Args:
        place: The directory.
        database: URL of the Backend's database; empty for SQLite in its data directory.
    """

    def __init__(self, place: Path, database: str) -> None:
        self.place = place
        self.server, self.desk = place / "server", place / "desk"
        self.source = place / "library"
        self.policy = place / "policy.toml"
        self.port, self.desk_port = _choose_port(), _choose_port()
        self.database = ("--database", database) if database else ()
        self.runtime_id = ""

    @contextmanager
    def serve_backend(self, programs: Programs) -> Iterator[None]:
        arguments = (
            "server",
            "serve",
            "--data-dir",
            self.server,
            "--source-root",
            self.place,
            *self.database,
        )
        with programs.serve(*arguments, port=self.port):
            token = self.server / "admin-token"
            programs.run("login", f"http://127.0.0.1:{self.port}", "--token-file", token)
            yield

    def serve_runtime(self, programs: Programs) -> Any:
        arguments = ("runtime", "serve", "--data-dir", self.desk, "--policy", self.policy)
        return programs.serve(*arguments, port=self.desk_port)

    def ask(self, path: str) -> Any:
        """Return a document of the Backend's, as an admin."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1/{path}")
        request.add_header("Authorization", f"Bearer {(self.server / 'admin-token').read_text().strip()}")
        with urllib.request.urlopen(request, timeout=_DEADLINE_SECONDS) as answer:
            content = answer.read()
        return content if path.endswith("/archive") else json.loads(content)

    def list_all(self, path: str) -> list[Any]:
        """Return all pages of a list."""
        found: list[Any] = []
        cursor = None
        while True:
            more = "" if cursor is None else f"&cursor={urllib.parse.quote(cursor)}"
            page = self.ask(f"{path}{'&' if '?' in path else '?'}limit=100{more}")
            found += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return found

    def wait_for_runtime(self) -> None:
        def is_reached() -> bool:
            return bool(self.ask("runtimes/desk")["reachability"] == "reachable")

        _wait_for(is_reached, "the Runtime to be reached")

    def wait_for_revision(self, revision: int) -> None:
        def is_there() -> bool:
            pairs = self.ask("availability?workspace=library")["items"]
            return any(one["state"] == "in_sync" and one["observed"]["revision"] == revision for one in pairs)

        _wait_for(is_there, f"revision {revision} on the Runtime")

    def commit(self, programs: Programs, text: str) -> None:
        """Write the profile and commit it."""
        profile = self.source / ".yoi" / "profiles" / "helper.md"
        profile.parent.mkdir(parents=True, exist_ok=True)
        profile.write_text(_PROFILE + text)
        git = [
            "git",
            "-C",
            str(self.source),
            "-c",
            "user.name=Writer",
            "-c",
            "user.email=writer@library.example",
        ]
        for command in (["add", "."], ["commit", "--quiet", "--message", "Write"]):
            subprocess.run([*git, *command], env=programs.environment, check=True)

    def describe_runtime(self, programs: Programs) -> dict[str, Any]:
        """Return what the Runtime says to the Backend's issuer, and the host's own commands to its operator."""
        there = ("--runtime", f"http://127.0.0.1:{self.desk_port}", "--runtime-id", self.runtime_id)
        there = (*there, "--data-dir", self.server, "--workspace", "library", "--json")
        here = ("--data-dir", self.desk, "--policy", self.policy, "--json")
        found: dict[str, Any] = {}
        for name, command in (
            ("bundles", ("runtime", "bundles")),
            ("assignments", ("runtime", "assignments")),
            ("workers", ("worker", "list")),
        ):
            found[f"remote {name}"] = json.loads(programs.run(*command, *there))
            listed = json.loads(programs.run(*command, *here))[name]
            # Newer versions show their operator what other issuers brought, too.
            found[f"local {name}"] = [one for one in listed if one.get("issuer", "local") == "local"]
        for worker in found["remote workers"]["workers"]:
            found[f"spec of {worker['id']}"] = json.loads(
                programs.run("worker", "spec", worker["id"], *there)
            )
        for worker in found["local workers"]:
            found[f"local spec of {worker['id']}"] = json.loads(
                programs.run("worker", "spec", worker["id"], *here)
            )
        return found

    def describe_backend(self) -> dict[str, Any]:
        """Return all that the Backend says."""
        found = {
            name: self.list_all(name)
            for name in ("workspaces", "runtimes", "tokens", "availability", "workers")
        }
        found["placements"] = self.ask("placements")
        found["audit"] = sorted(self.list_all("audit"), key=lambda one: one["sequence"])
        for workspace in found["workspaces"]:
            path = f"workspaces/{workspace['id']}"
            for name in ("revisions", "activations", "revocations", "builds"):
                found[f"{workspace['id']}: {name}"] = self.list_all(f"{path}/{name}")
            for revision in found[f"{workspace['id']}: revisions"]:
                bundle = f"{path}/bundles/{revision['digest']}"
                found[f"bundle {revision['digest']}"] = self.ask(bundle)
                found[f"archive of {revision['digest']}"] = self.ask(f"{bundle}/archive").hex()
        for worker in found["workers"]:
            for part in ("spec", "explanation", "events"):
                found[f"{part} of {worker['id']}"] = self.ask(f"workers/{worker['id']}/{part}")
        return found


def write_data(lab: Lab, programs: Programs) -> None:
    """Use a version as people do; the servers are stopped at the end."""
    lab.policy.write_text(_POLICY)
    lab.policy.chmod(0o600)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(lab.source)], check=True)
    lab.commit(programs, "")
    run = programs.run
    run("bundle", "build", lab.source, "--workspace", "library", "--data-dir", lab.desk)
    own = json.loads(
        run(
            "worker",
            "create",
            "helper",
            "--data-dir",
            lab.desk,
            "--policy",
            lab.policy,
            "--json",
            "--key",
            "own",
        )
    )
    run("worker", "stop", own["id"], "--data-dir", lab.desk, "--policy", lab.policy)
    with lab.serve_backend(programs):
        key = next(
            line.split()[1]
            for line in run("identity", "show", "--data-dir", lab.server).splitlines()
            if line.startswith("active:")
        )
        run("runtime", "trust", "add", "backend", key, "--workspace", "library", "--data-dir", lab.desk)
        info = json.loads(run("runtime", "info", "--json", "--data-dir", lab.desk))
        lab.runtime_id = info.get("id") or info["runtime"]["id"]
        with lab.serve_runtime(programs):
            address = f"http://127.0.0.1:{lab.desk_port}"
            run("runtime", "add", "desk", address, "--id", lab.runtime_id, "--label", "site=annexe")
            run("placement", "set", "--allow", "library=site:annexe")
            run("workspace", "add", "library", "--git", lab.source, "--ref", "main", "--title", "The library")
            run("workspace", "add", "museum")
            run("workspace", "publish", "library")
            lab.wait_for_revision(1)
            create = ("worker", "create", "helper", "--backend", "--workspace", "library", "--on", "desk")
            run(*create, "--key", "first", "--task", "Answer.", "--label", "desk=1")
            for revision in (2, 3):
                lab.commit(programs, f"Sentence {revision}.\n")
                run("workspace", "publish", "library")
                lab.wait_for_revision(revision)
                run(*create, "--key", f"of revision {revision}".replace(" ", "-"))
            run("workspace", "rollback", "library", "--reason", "too short")
            lab.wait_for_revision(2)
            run("workspace", "revoke", "library", 3, "--reason", "told too little")
            run("workspace", "publish", "museum", lab.source)
            run(
                "token",
                "create",
                "ci",
                "--role",
                "operator",
                "--workspace",
                "museum",
                "--out",
                lab.place / "ci",
            )
            run("worker", "create", "nobody", "--backend", "--workspace", "library", expect=3)
            workers = json.loads(run("worker", "list", "--backend", "--json"))["workers"]
            run("worker", "stop", workers[0]["id"], "--backend")


def describe(lab: Lab, programs: Programs) -> tuple[dict[str, Any], dict[str, Any]]:
    """Start a version on the data, and return what Backend and Runtime say."""
    with lab.serve_backend(programs), lab.serve_runtime(programs):
        lab.wait_for_runtime()
        lab.wait_for_revision(2)
        return lab.describe_backend(), lab.describe_runtime(programs)


def list_losses(before: Any, after: Any, place: str = "") -> list[str]:
    """Return the places where something that was said before is missing or another; what came in addition is fine."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            loss
            for name, value in before.items()
            if name not in _MOVING
            for loss in (
                list_losses(value, after[name], f"{place}/{name}")
                if name in after
                else [f"{place}/{name} is gone"]
            )
        ]
    if isinstance(before, list) and isinstance(after, list) and before and isinstance(before[0], dict):
        return _list_losses_of_rows(before, after, place)
    return [] if before == after else [f"{place}: {str(before)[:200]} → {str(after)[:200]}"]


def _list_losses_of_rows(before: list[Any], after: list[Any], place: str) -> list[str]:
    """Compare rows by what names them; a list may have grown."""
    names = next(
        (
            names
            for names in (
                ("sequence",),
                ("id",),
                ("runtime", "workspace"),
                ("generation",),
                ("revision",),
                ("digest",),
            )
            if all(name in before[0] for name in names)
        ),
        None,
    )
    if names is None:
        if len(before) != len(after):
            return [f"{place}: {len(before)} → {len(after)}"]
        return [
            loss
            for number, (old, new) in enumerate(zip(before, after, strict=True))
            for loss in list_losses(old, new, f"{place}/{number}")
        ]
    found = {tuple(row.get(name) for name in names): row for row in after}
    losses: list[str] = []
    for row in before:
        key = tuple(row[name] for name in names)
        where = f"{place}/{'/'.join(map(str, key))}"
        losses += list_losses(row, found[key], where) if key in found else [f"{where} is gone"]
    return losses


def verify_goes_on(lab: Lab, programs: Programs) -> None:
    """Have this version work on with the data: a release, a new revision, a new Worker, the same key again."""
    with lab.serve_backend(programs), lab.serve_runtime(programs):
        lab.wait_for_runtime()
        create = (
            "worker",
            "create",
            "helper",
            "--backend",
            "--workspace",
            "library",
            "--on",
            "desk",
            "--json",
        )
        again = json.loads(programs.run(*create, "--key", "first", "--task", "Answer.", "--label", "desk=1"))
        assert again["key"] == "first"
        programs.run("workspace", "release", "library")
        lab.commit(programs, "Another sentence.\n")
        programs.run("workspace", "publish", "library")
        lab.wait_for_revision(4)
        assert json.loads(programs.run(*create, "--key", "new"))["state"] == "created"


def try_migration(old: Programs, new: Programs, place: Path, database: str) -> int:
    """Write with one version, read with both; return how many values were compared."""
    lab = Lab(place, database)
    write_data(lab, old)
    before = describe(lab, old)
    after = describe(lab, new)
    losses = [loss for one, two in zip(before, after, strict=True) for loss in list_losses(one, two)]
    if losses:
        sys.exit("\n".join(["what the older version wrote is not what this one reads:", *losses]))
    verify_goes_on(lab, new)
    return _count_values(before)


def _count_values(document: Any) -> int:
    if isinstance(document, dict):
        return sum(_count_values(value) for value in document.values())
    if isinstance(document, list | tuple):
        return sum(map(_count_values, document))
    return 1


def install(commit: str, place: Path, home: Path) -> Programs:
    """Build a commit's wheels and install them, with the dependencies that it pinned."""
    sources = place / "sources"
    packed = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(sources, filter="data")
    environment = {**os.environ, "PATH": f"{_BIN}:{os.environ['PATH']}"}
    for package in sorted((sources / "packages").iterdir()):
        command = [sys.executable, "-m", "build", "--quiet", "--wheel", "--no-isolation"]
        subprocess.run(
            [*command, "--outdir", str(place / "dist"), str(package)],
            env=environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    uv, python = str(_BIN / "uv"), str(place / "environment" / "bin" / "python")
    subprocess.run(
        [uv, "venv", "--quiet", "--python", sys.executable, str(place / "environment")], check=True
    )
    pinned = str(sources / "requirements" / "runtime.txt")
    subprocess.run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, pinned], check=True)
    wheels = sorted(map(str, (place / "dist").glob("*.whl")))
    subprocess.run([uv, "pip", "install", "--quiet", "--no-deps", "--python", python, *wheels], check=True)
    return Programs(place / "environment" / "bin", home)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--commit", default=_FIRST, help="the older version [%(default)s]")
    parser.add_argument("--keep", type=Path, help="a new directory in which everything stays")
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.keep is None:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yoi-migration-")))
        else:
            place = options.keep.absolute()
            place.mkdir(parents=True)
        home = place / "home"
        home.mkdir()
        old = install(options.commit, place / "old", home)
        new = Programs(_BIN, home)
        postgresql = PostgresqlServer()
        stack.callback(postgresql.stop)
        for name, database in (("sqlite", ""), ("postgresql", postgresql.create_database())):
            directory = place / name
            directory.mkdir(mode=0o700)
            shutil.rmtree(home / "configuration", ignore_errors=True)
            count = try_migration(old, new, directory, database)
            sys.stdout.write(f"{name}: {count} values that {options.commit} wrote are read as they were\n")


if __name__ == "__main__":
    main()
