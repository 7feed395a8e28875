"""A bundle that a remote Runtime rejects, as `yoi availability` tells of it: real processes on both sides (K-04, K-05)."""

import json
import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.bundles.secret_tokens import BASE62, LOWER, draw
from support.processes.online_commands import write_workspace
from support.processes.served_backend import ServedBackend, serve_backend
from support.processes.served_yoi import serve
from support.processes.yoi_process import Yoi
from yoi_bundle.boundary.allowances import compute_line_hash

_DEADLINE_SECONDS = 60.0
_SETTINGS = """\
[reconciler]
probe_seconds = 0.25
"""
_POLICY = """\
version = 1

[[workspace]]
issuer = "backend"
id = "library"
recheck_text = {recheck}
"""
_ALLOWANCE = """\
[allow]
key = "{key}"
findings = [{{ rule = "github", file = ".yoi/profiles/helper.md", line_hash = "{line_hash}" }}]
"""
_POINTER = "/prompts/.yoi~1profiles~1helper/content"
_SENTENCE = "may be a credential"


def _write_reviewed(place: Path) -> Path:
    """Write a workspace whose author has allowed a finding of the secret scanner; a host may judge otherwise."""
    letters = random.Random()
    line = f"Never say {'gh'}p_{draw(letters, BASE62, 36)} to anybody."
    directory = write_workspace(place, line)
    key = draw(letters, LOWER, 20)
    line_hash = compute_line_hash(line.encode(), key=key)
    (directory / ".yoi" / "workspace.toml").write_text(
        _ALLOWANCE.format(key=key, line_hash=line_hash), encoding="utf-8"
    )
    return directory


class _Watch:
    """`yoi availability --watch`: what it prints each time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def wait_for(self, state: str) -> Any:
        """Read on until the pair is in a state; return how it stands then."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            (pair,) = json.loads(line)["availability"]
            if pair["state"] == state:
                return pair
        raise AssertionError(f"the watch ended before the pair was {state}")


@contextmanager
def _watch(user: Yoi, backend: ServedBackend) -> Iterator[_Watch]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YOI_")}
    with subprocess.Popen(
        [user.python, "-m", "yoi", "availability", "library", "--watch", "--json", *backend.options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**kept, "YOI_CONFIG_DIR": str(user.data.with_name("no-config"))},
    ) as process:
        giving_up = threading.Timer(_DEADLINE_SECONDS, process.kill)
        giving_up.start()
        try:
            yield _Watch(process)
        finally:
            giving_up.cancel()
            process.send_signal(signal.SIGINT)


@pytest.mark.req("K-04", "K-05", "B-10")
def test_a_rejection_is_shown_with_its_pointer_and_is_over_when_the_hosts_policy_changes(
    tmp_path: Path,
) -> None:
    settings = tmp_path / "server.toml"
    settings.write_text(_SETTINGS, encoding="utf-8")
    directory = _write_reviewed(tmp_path / "library")
    host = Yoi(tmp_path / "host", policy=tmp_path / "host-policy.toml")
    host.policy.write_text(_POLICY.format(recheck="true"), encoding="utf-8")
    user = Yoi(tmp_path / "user", policy=tmp_path / "none.toml")
    with serve_backend(
        tmp_path / "backend", "--config", settings, embedded=None, source_roots=[tmp_path]
    ) as backend:
        host.read("runtime", "trust", "add", "backend", backend.public_key, "--workspace", "library")
        with serve(host) as lab:
            to = backend.options
            user.read("workspace", "add", "library", "--directory", directory, *to)
            user.read("placement", "set", "--allow", "library=lab", *to)
            user.read("runtime", "add", "lab", lab.address, "--id", host.read("runtime", "info")["id"], *to)
            digest = user.read("workspace", "publish", "library", *to)["active"]["digest"]
            with _watch(user, backend) as watch:
                _check_rejection(watch.wait_for("rejected"), digest)
                (pair,) = user.read("availability", "library", *to)["availability"]
                _check_rejection(pair, digest)
                said = " ".join(user.run("availability", "library", *to).stdout.split())
                assert f"rejected: bundle.secret_value ({_POINTER}: {_SENTENCE})" in said
                assert said.count("bundle.secret_value") == 1
                host.policy.write_text(_POLICY.format(recheck="false"), encoding="utf-8")
                pair = watch.wait_for("in_sync")
                assert (pair["observed"]["digest"], pair["rejected"], pair["problem"]) == (digest, [], None)


def _check_rejection(pair: Any, digest: str) -> None:
    (rejection,) = pair["rejected"]
    assert (pair["state"], rejection["digest"], rejection["code"]) == (
        "rejected",
        digest,
        "bundle.secret_value",
    )
    (fault,) = rejection["details"]["faults"]
    assert (fault["pointer"], fault["message"]) == (_POINTER, _SENTENCE)
    assert (pair["observed"]["digest"], pair["problem"]["code"]) == (None, "bundle.secret_value")
