"""The commands that ask a Runtime elsewhere: two real `yoi` processes, and TLS of a private authority between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.processes.private_authority import Certified, certify_loopback
from support.processes.served_yoi import ServedYoi, serve
from support.processes.yoi_process import Yoi

pytestmark = pytest.mark.req("R-01")

POLICY = """\
version = 1
[[workspace]]
issuer = "town"
id = "library"
[workspace.tools]
rules = ["allow file.read"]
"""
PROFILE = """\
---
title: Helper
model_required: false
tools: [file.read]
---
{text}
"""


@dataclass(frozen=True)
class Remote:
    """A served Runtime, and the Backend whose key it trusts for `library`.

    Attributes:
        asked: The options that name the Runtime.
        bundles: Digests of two bundles in the Backend's store, the older one first.
    """

    backend: Yoi
    host: Yoi
    server: ServedYoi
    certified: Certified
    asked: tuple[str, ...]
    bundles: tuple[str, str]

    def read(self, *arguments: str, code: int = 0) -> Any:
        return self.backend.read(*arguments, "--runtime", *self.asked, code=code)

    def push(self, digest: str) -> Any:
        return self.backend.read("bundle", "push", digest, "--to", *self.asked)


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    place = tmp_path_factory.mktemp("remote")
    policy = place / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    backend, host = Yoi(place / "backend", policy=place / "none.toml"), Yoi(place / "host", policy=policy)
    key = backend.read("identity", "init", "town")["active"]["public_key"]
    host.read("runtime", "trust", "add", "town", key, "--workspace", "library")
    runtime_id = host.read("runtime", "info")["id"]
    certified = certify_loopback(place / "tls")
    tls = ("--certificate", str(certified.certificate), "--private-key", str(certified.private_key))
    digests = tuple(_build(backend, place / "library", text) for text in ("Be brief.", "Be thorough."))
    with serve(host, *tls) as server:
        asked = (server.address, "--runtime-id", runtime_id, "--fingerprint", certified.fingerprint)
        assert len(digests) == 2
        yield Remote(backend, host, server, certified, asked, digests)


def _build(backend: Yoi, directory: Path, text: str) -> str:
    profile = directory / ".yoi" / "profiles" / "helper.md"
    profile.parent.mkdir(parents=True, exist_ok=True)
    profile.write_text(PROFILE.format(text=text), encoding="utf-8")
    digest: str = backend.read("bundle", "build", directory, "--workspace", "library")["digest"]
    return digest


@pytest.mark.req("R-04", "R-11")
def test_a_push_takes_the_generation_that_comes_next_and_says_which(remote: Remote) -> None:
    old, new = remote.bundles
    pushed = [remote.push(digest) for digest in (old, new, new, old, new)]
    first = pushed[0]["assignment"]["generation"]
    assert [one["assignment"]["generation"] - first for one in pushed] == [0, 1, 1, 2, 3]
    assert [one["assignment"]["digest"] for one in pushed] == [old, new, new, old, new]
    assert [len(one["sent_blobs"]) for one in pushed[2:]] == [0, 0, 0]
    assert pushed[2]["requests"] == 1
    (assigned,) = remote.read("runtime", "assignments")["assignments"]
    assert (assigned["digest"], assigned["generation"]) == (new, first + 3)
    assert {one["digest"] for one in remote.read("runtime", "bundles")["bundles"]} == {old, new}
    status = remote.read("runtime", "bundles", new[:20])
    assert (status["digest"], status["assigned"], status["stored"]) == (new, True, True)


@pytest.mark.req("R-08")
def test_a_runtime_elsewhere_says_what_it_is(remote: Remote) -> None:
    told = remote.read("runtime", "info")
    assert told == remote.host.read("runtime", "info")
    shown = remote.backend.run("runtime", "info", "--runtime", *remote.asked)
    assert told["id"] in shown.stdout
    assert str(remote.backend.data) not in shown.stdout


@pytest.mark.req("W-01", "W-03")
def test_a_worker_elsewhere_is_created_listed_shown_explained_stopped_and_deleted(remote: Remote) -> None:
    bundle = remote.bundles[1]
    remote.push(bundle)
    (explanation,) = remote.read("worker", "resolve", "helper")["explanations"]
    created = remote.read("worker", "create", "helper", "--key", "desk")
    assert created["bundle_digest"] == bundle
    assert created["resolution_digest"] == explanation["resolution_digest"]
    assert remote.read("worker", "list")["workers"] == [created]
    assert remote.read("worker", "show", created["id"]) == created
    assert remote.read("worker", "explain", created["id"])["explanations"] == [explanation]
    shown = remote.backend.run("worker", "explain", created["id"], "--runtime", *remote.asked)
    assert shown.returncode == 0, shown.stderr
    assert "the Runtime's host policy" in shown.stdout
    assert remote.backend.read("worker", "list")["workers"] == []
    assert remote.read("worker", "delete", created["id"], code=4)["error"]["code"] == "worker.invalid_state"
    assert remote.read("worker", "stop", created["id"])["state"] == "stopped"
    assert remote.read("worker", "delete", created["id"]) == {"deleted": created["id"]}
    assert remote.read("worker", "show", created["id"], code=3)["error"]["code"] == "worker.not_found"
    near = remote.read("worker", "create", "helpers", code=3)["error"]["details"]
    assert near["near"] == ["workspace:helper"]


@pytest.mark.req("K-09")
def test_the_authority_or_the_pinned_certificate_is_believed_and_no_other(
    remote: Remote, tmp_path: Path
) -> None:
    url, runtime_id = remote.asked[0], remote.asked[2]
    other = certify_loopback(tmp_path)
    ask = ("runtime", "info", "--runtime", url, "--runtime-id", runtime_id)
    good = remote.backend.read(*ask, "--authority", remote.certified.authority)
    assert good["id"] == runtime_id
    for trust in (
        (),
        ("--authority", other.authority),
        ("--fingerprint", other.fingerprint),
    ):
        refused = remote.backend.read(*ask, *trust, code=5)
        assert refused["error"]["code"] == "runtime.unavailable"


@pytest.mark.req("K-09", "R-07")
def test_a_workspace_that_the_key_is_not_trusted_for_is_refused_and_so_is_another_runtime(
    remote: Remote,
) -> None:
    refused = remote.read("worker", "list", "--workspace", "museum", code=1)
    assert refused["error"]["code"] == "auth.forbidden"
    url, _, _, *trust = remote.asked
    elsewhere = (url, "--runtime-id", "0" * 32, *trust)
    refused = remote.backend.read("runtime", "info", "--runtime", *elsewhere, code=1)
    assert refused["error"]["code"] == "auth.unauthenticated"
    reasons = {event.get("reason") for event in remote.server.read_events() if event["event"] == "refused"}
    assert {"workspace", "audience"} <= reasons


def test_options_that_go_together_are_asked_for_together(remote: Remote) -> None:
    alone = remote.backend.read("worker", "list", "--runtime", remote.asked[0], code=2)
    assert "--runtime-id" in alone["error"]["message"]
    alone = remote.backend.read("worker", "list", "--runtime-id", "0", code=2)
    assert "--runtime" in alone["error"]["message"]
    nobody = Yoi(remote.backend.data.with_name("nobody"), policy=remote.backend.policy)
    unnamed = nobody.read("worker", "list", "--runtime", *remote.asked, code=2)
    assert "--workspace" in unnamed["error"]["message"]


@pytest.mark.req("J-05")
def test_the_hosts_own_operator_sees_explains_makes_and_ends_what_a_backend_brought(remote: Remote) -> None:
    old, _ = remote.bundles
    remote.push(old)
    brought = remote.read("worker", "create", "helper", "--key", "brought", "--bundle", old)["id"]
    host = remote.host
    assert {"issuer": "town", "digest": old} in [
        {name: one[name] for name in ("issuer", "digest")}
        for one in host.read("runtime", "bundles")["bundles"]
    ]
    (assigned,) = [one for one in host.read("runtime", "assignments")["assignments"] if one["digest"] == old]
    assert (assigned["issuer"], assigned["workspace"]) == ("town", "library")
    listed = {one["id"]: one["issuer"] for one in host.read("worker", "list")["workers"]}
    assert listed[brought] == "town"
    assert "town" in host.run("worker", "list").stdout
    (explained,) = host.read("explain", "workspace:helper")["explanations"]
    assert "refused" not in explained
    assert host.read("worker", "show", brought)["state"] == "created"
    assert host.read("worker", "explain", brought)["lost"] == []
    own = host.read("worker", "create", "workspace:helper", "--key", "by-hand")
    assert (own["state"], own["bundle_digest"]) == ("created", old)
    assert {one["id"]: one["issuer"] for one in host.read("worker", "list")["workers"]}[own["id"]] == "town"
    for worker in (brought, own["id"]):
        assert host.read("worker", "stop", worker)["state"] == "stopped"
        host.read("worker", "delete", worker)
        assert host.read("worker", "show", worker, code=3)["error"]["code"] == "worker.not_found"
