"""Probes tell whether a directory or program is there, and nothing more (S-01, S-05)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker_runtime.host.dedicated_threads import DedicatedThreads
from worker_runtime.host.probes import DirectoryProbe, PathProbe


@pytest.fixture
def threads() -> Iterator[DedicatedThreads]:
    kept = DedicatedThreads("test-probe", most=2)
    yield kept
    kept.close()


@pytest.mark.req("S-05")
def test_a_mount_is_there_when_its_directory_is(tmp_path: Path, threads: DedicatedThreads) -> None:
    (tmp_path / "file").write_bytes(b"")
    probe = DirectoryProbe(
        {"here": str(tmp_path), "gone": str(tmp_path / "gone"), "file": str(tmp_path / "file")},
        threads,
    )
    found = {name: asyncio.run(probe.probe_mount(name)) for name in ("here", "gone", "file", "other")}
    assert found == {"here": "rw", "gone": None, "file": None, "other": None}


@pytest.mark.req("S-10")
def test_a_command_is_a_bare_name_on_the_search_path(tmp_path: Path, threads: DedicatedThreads) -> None:
    program = tmp_path / "issue-server"
    program.write_bytes(b"#!/bin/sh\n")
    probe = PathProbe(threads, str(tmp_path))
    assert not asyncio.run(probe.has_command("issue-server"))
    program.chmod(0o755)
    assert asyncio.run(probe.has_command("issue-server"))
    assert not asyncio.run(probe.has_command(str(program)))
    assert not asyncio.run(probe.has_command("other"))


@pytest.mark.req("S-01")
def test_a_program_that_was_there_is_looked_for_again(tmp_path: Path, threads: DedicatedThreads) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
        _install(directory / "issue-server")
    probe = PathProbe(threads, f"{first}:{second}")
    assert asyncio.run(probe.has_command("issue-server"))
    (first / "issue-server").unlink()
    assert asyncio.run(probe.has_command("issue-server"))
    (second / "issue-server").chmod(0o644)
    assert not asyncio.run(probe.has_command("issue-server"))
    _install(first / "issue-server")
    assert asyncio.run(probe.has_command("issue-server"))


def _install(program: Path) -> None:
    program.write_bytes(b"#!/bin/sh\n")
    program.chmod(0o755)
