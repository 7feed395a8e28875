"""A disk that is really full: a small file system of its own, filled to the last byte (R-03)."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.bundles.small_bundles import build_small_bundle
from support.runtime.populated_store import Populated
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, create_worker, store_bundle
from yoi_wire.errors import RuntimeUnavailableError

pytestmark = pytest.mark.req("R-02", "R-03")

_MEBIBYTE = 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB in memory; the test is skipped, with the reason, where none may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True)
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if done.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_runtime_on_a_full_disk_refuses_writes_reads_on_and_starts_or_says_why_not(disk: Path) -> None:
    runtime = EmbeddedUnderTest(disk / "data")
    store = Populated(runtime)
    filler = disk / "filler"
    _fill(filler)
    large = build_small_bundle(prompts={"p": b"x" * _MEBIBYTE})
    with pytest.raises(RuntimeUnavailableError) as caught:
        store_bundle(runtime, build_caller(), large)
    assert caught.value.details() == {"reason": "storage_full"}
    assert {worker: store.look_at(worker) for worker in store.workers} == store.seen
    runtime.restart()
    readiness = runtime.run(runtime.api.check_readiness())
    assert readiness.ready or readiness.problems[0]["code"] == "runtime.unavailable"
    filler.unlink()
    runtime.restart()
    assert runtime.run(runtime.api.check_readiness()).ready
    for worker in store.workers:
        assert store.ask("get_worker_spec", worker) == store.seen[worker][1]
    store_bundle(runtime, build_caller(), large)
    create_worker(runtime, build_caller(), large, key="after")
    runtime.close()


def _fill(path: Path) -> None:
    """Write until nothing more goes in."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
