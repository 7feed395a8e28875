"""Secret stores answer whether a ref exists, give it to its consumer, and show it to nobody else (S-04)."""

import asyncio
import logging
import os
import pickle
import secrets
import traceback
from pathlib import Path

import pytest

from support.runtime.resolution_world import (
    PACKAGE_DIGEST,
    make_facts,
    make_host_policy,
    make_manifest,
    resolve,
)
from worker_runtime.host.facts import HostNeeds, HostPorts, PackageFact, PackageNeed, gather_host_facts
from worker_runtime.host.secrets import SecretUnreadableError, SecretValue
from worker_runtime.host.secrets.port import MAX_SECRET_BYTES
from worker_runtime.host.secrets.stores import ChainedSecrets, DirectorySecrets, EnvironmentSecrets
from worker_runtime.resolution.explain import explain_resolution
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.manifest import Access

VALUE = secrets.token_urlsafe(24)


def read(store: DirectorySecrets | EnvironmentSecrets | ChainedSecrets, name: str) -> bytes:
    return asyncio.run(store.read(name)).reveal()


def exists(store: DirectorySecrets | EnvironmentSecrets | ChainedSecrets, name: str) -> bool:
    return asyncio.run(store.exists(name))


@pytest.mark.req("S-04")
def test_only_variables_with_the_prefix_are_secrets() -> None:
    store = EnvironmentSecrets({"YOI_SECRET_API_KEY": VALUE, "HOME": "x", "YOI_SECRET_EMPTY": ""})
    assert read(store, "API_KEY") == VALUE.encode()
    assert read(store, "API.KEY") == read(store, "API-KEY") == VALUE.encode()
    assert not exists(store, "HOME")
    assert not exists(store, "EMPTY")
    with pytest.raises(ValueError, match="prefix"):
        EnvironmentSecrets({}, prefix="")


@pytest.mark.req("S-04")
def test_one_newline_at_the_end_of_a_file_is_not_part_of_the_secret(tmp_path: Path) -> None:
    store = DirectorySecrets(tmp_path)
    for name, content, expected in (("a", b"v\n", b"v"), ("b", b"v\n\n", b"v\n"), ("c", b" v", b" v")):
        (tmp_path / name).write_bytes(content)
        assert read(store, name) == expected


@pytest.mark.req("S-04")
def test_a_file_that_is_empty_too_long_or_no_file_is_no_secret(tmp_path: Path) -> None:
    store = DirectorySecrets(tmp_path)
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "long").write_bytes(b"x" * (MAX_SECRET_BYTES + 1))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("empty", "long", "folder", "pipe", "absent"):
        assert not exists(store, name)
        with pytest.raises(SecretUnreadableError):
            read(store, name)


@pytest.mark.req("S-04")
@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", ".hidden", "", "sub/inner"])
def test_a_name_leads_nowhere_outside_the_directory(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").write_bytes(b"v")
    inside = tmp_path / "store"
    inside.mkdir()
    (inside / ".hidden").write_bytes(b"v")
    (inside / "sub").mkdir()
    (inside / "sub" / "inner").write_bytes(b"v")
    assert not exists(DirectorySecrets(inside), name)


@pytest.mark.req("S-04")
def test_a_symbolic_link_is_not_followed_but_for_the_layout_of_kubernetes(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "token").write_bytes(b"v")
    store = tmp_path / "store"
    (store / "..2026_01_01").mkdir(parents=True)
    (store / "..2026_01_01" / "token").write_bytes(VALUE.encode())
    (store / "..data").symlink_to("..2026_01_01")
    (store / "token").symlink_to("..data/token")
    (store / "direct").symlink_to(outside / "token")
    (store / "other").symlink_to("..data/token")
    assert read(DirectorySecrets(store), "token") == VALUE.encode()
    assert not exists(DirectorySecrets(store), "direct")
    assert not exists(DirectorySecrets(store), "other")
    (store / "..data").unlink()
    (store / "..data").symlink_to(outside)
    assert not exists(DirectorySecrets(store), "token")
    (store / "..data").unlink()
    (store / "..evil").symlink_to(outside)
    (store / "..data").symlink_to("..evil")
    assert not exists(DirectorySecrets(store), "token")


@pytest.mark.req("S-04")
def test_the_first_store_that_holds_a_secret_gives_it(tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(b"file")
    (tmp_path / "B").write_bytes(b"file")
    store = ChainedSecrets([EnvironmentSecrets({"YOI_SECRET_A": "variable"}), DirectorySecrets(tmp_path)])
    assert (read(store, "A"), read(store, "B")) == (b"variable", b"file")
    with pytest.raises(SecretUnreadableError):
        read(store, "C")


@pytest.mark.req("S-04")
def test_a_secret_value_shows_itself_in_no_text_and_is_not_serialised() -> None:
    value = SecretValue(VALUE.encode())
    try:
        raise RuntimeError(f"{value} {value!r}")
    except RuntimeError:
        assert VALUE not in traceback.format_exc()
    with pytest.raises(TypeError):
        pickle.dumps(value)


class Ports:
    """Mounts, commands and packages of a host where all is there; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def probe_mount(self, name: str) -> Access | None:
        self.asked.append(name)
        return "rw"

    async def has_command(self, command: str) -> bool:
        self.asked.append(command)
        return True

    async def verify_package(self, need: PackageNeed) -> PackageFact:
        self.asked.append(need.digest)
        return make_facts().packages[PACKAGE_DIGEST]


class Unanswered:
    """A secret store that never answers."""

    async def exists(self, name: str) -> bool:
        await asyncio.Event().wait()
        return bool(name)

    async def read(self, name: str) -> SecretValue:
        raise SecretUnreadableError(name)


@pytest.mark.req("S-01")
def test_a_port_that_does_not_answer_is_silent_and_stops_no_other() -> None:
    ports = Ports()
    found = asyncio.run(
        gather_host_facts(
            HostNeeds(secrets=("API_TOKEN",), mounts=("workspace",), host=("shell",)),
            HostPorts(
                secrets=Unanswered(), mounts=ports, commands=ports, packages=ports, deadline_seconds=0.01
            ),
        )
    )
    assert (found.secrets, found.silent) == ((), ("secrets",))
    assert (found.mounts, found.host) == ({"workspace": "rw"}, ("shell",))


class GivingUp(Ports):
    """A host whose mounts are looked for elsewhere, by what gives up by itself after the first."""

    async def probe_mount(self, name: str) -> Access | None:
        if self.asked:
            raise TimeoutError
        return await super().probe_mount(name)


@pytest.mark.req("S-01")
def test_a_port_that_gives_up_is_silent_with_what_it_answered_kept() -> None:
    ports = Ports()
    needs = HostNeeds(mounts=("cache", "workspace"), commands=("issue-server",), host=("shell",))
    found = asyncio.run(
        gather_host_facts(
            needs,
            HostPorts(secrets=EnvironmentSecrets({}), mounts=GivingUp(), commands=ports, packages=ports),
        )
    )
    assert (found.mounts, found.silent) == ({"cache": "rw"}, ("mounts",))
    assert (found.commands, found.host) == (("issue-server",), ("shell",))


@pytest.mark.req("S-01")
def test_only_needed_names_are_asked_for() -> None:
    ports = Ports()
    store = EnvironmentSecrets({})
    needs = HostNeeds(mounts=("workspace",), commands=("issue-server",), host=("git",))
    asyncio.run(
        gather_host_facts(needs, HostPorts(secrets=store, mounts=ports, commands=ports, packages=ports))
    )
    assert ports.asked == ["workspace", "git", "issue-server"]


@pytest.mark.req("S-04", "S-01")
def test_no_secret_value_is_in_anything_that_resolution_gives(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    names = ("API_TOKEN", "ISSUE_TOKEN", "MODEL_KEY")
    store = EnvironmentSecrets({f"YOI_SECRET_{name}": f"{VALUE}-{name}" for name in names})
    ports = Ports()
    needs = HostNeeds(secrets=names, mounts=("workspace",), commands=("issue-server",), host=("shell",))
    facts = asyncio.run(
        gather_host_facts(needs, HostPorts(secrets=store, mounts=ports, commands=ports, packages=ports))
    )
    resolution = resolve(make_manifest(), facts=facts)
    assert {one.name for one in resolution.spec.secrets} == set(names)
    shown = encode_canonical(explain_resolution(resolution)) + resolution.spec_bytes + encode_canonical(facts)
    assert VALUE.encode() not in shown + repr((resolution, facts, store)).encode() + caplog.text.encode()
    denied = resolve(make_manifest(), facts=facts, policy=make_host_policy(secrets={}))
    assert VALUE not in repr(denied)


@pytest.mark.req("S-04")
def test_a_secret_that_others_may_read_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="worker_runtime.host.secrets.stores")
    name = f"OPEN_{tmp_path.name}"
    for secret, mode in ((name, 0o644), (f"{name}_NOT", 0o600)):
        (tmp_path / secret).write_text("made up for this test")
        (tmp_path / secret).chmod(mode)
        for _ in range(2):
            assert asyncio.run(DirectorySecrets(tmp_path).exists(secret))
    assert [record.facts["secret"] for record in caplog.records] == [name]  # type: ignore[attr-defined]
