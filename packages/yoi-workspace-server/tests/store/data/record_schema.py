"""Recorder of a database as an older version wrote it: starts that version's server, uses it, prints the SQL.

    python record_schema.py OLD/.venv/bin/yoi-workspace-server > schema_0001.sql

Run once for each released schema; the file is what the migration test reads. Places of the machine are replaced.
"""

import contextlib
import json
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

_PLACE = "/srv/workspaces"
_PROFILE = "---\ndescription: Answers questions.\n---\nBe kind.\n"


def main(program: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        profiles = directory / "sources" / "library" / ".yoi" / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "clerk.md").write_text(_PROFILE)
        (profiles.parent / "workspace.toml").write_text('id = "library"\n')
        policy = directory / "policy.toml"
        policy.write_text("version = 1\n")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        command = [program, "--data-dir", str(directory / "data"), "--port", port, "--embedded", "here"]
        command += ["--source-root", str(directory / "sources"), "--policy", str(policy)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            served = json.loads(server.stdout.readline())
            try:
                _use(served["address"], Path(served["token_file"]).read_text().strip(), directory)
            finally:
                server.terminate()
        database = sqlite3.connect(directory / "data" / "backend.db")
        text = "\n".join(database.iterdump()).replace(str(directory / "sources"), _PLACE)
        sys.stdout.write(text.replace(socket.gethostname(), "host") + "\n")


def _use(address: str, secret: str, directory: Path) -> None:
    def send(method: str, path: str, document: Any = None) -> Any:
        request = urllib.request.Request(f"{address}/api/v1/{path}", method=method)
        request.add_header("Authorization", f"Bearer {secret}")
        request.add_header("Content-Type", "application/json")
        body = None if document is None else json.dumps(document).encode()
        with urllib.request.urlopen(request, body) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def wait_for_sync(revision: int) -> None:
        while True:
            pairs = send("GET", "availability?workspace=library")["items"]
            if any(one["state"] == "in_sync" and one["desired"]["revision"] == revision for one in pairs):
                return
            time.sleep(0.1)

    rule = {"id": "all", "effect": "allow", "workspaces": ["library"], "runtimes": ["*"]}
    send("PUT", "placements", {"generation": 0, "rules": [rule]})
    source = {"kind": "directory", "path": str(directory / "sources" / "library")}
    send("POST", "workspaces", {"id": "library", "title": "The library", "source": source})
    send("POST", "workspaces/library/builds")
    wait_for_sync(1)
    profile = directory / "sources" / "library" / ".yoi" / "profiles" / "clerk.md"
    profile.write_text(_PROFILE + "Be brief.\n")
    send("POST", "workspaces/library/builds")
    wait_for_sync(2)
    send("POST", "workspaces/library/rollback", {"revision": 1, "reason": "tried"})
    wait_for_sync(1)
    order = {"workspace": "library", "key": "k1", "selector": "workspace:clerk", "runtime": "here"}
    with contextlib.suppress(urllib.error.HTTPError):  # refused by this host's policy, and on record as such
        send("POST", "workers", order)
    twins = [send("POST", "tokens", {"name": "guest", "role": "viewer"}) for _ in range(2)]
    send("DELETE", f"tokens/{twins[0]['token']['id']}")
    send("POST", "workspaces", {"id": "museum", "source": {"kind": "published"}})


if __name__ == "__main__":
    main(sys.argv[1])
