"""Where the store lies, and what happens when it cannot lie there (R-03, R-10)."""

from pathlib import Path

import pytest

from support.bundles.small_bundles import build_small_bundle
from support.hostile.unprivileged import ask_as_another_user
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, store_bundle
from worker_runtime.store.files import DATABASE_NAME, DataDirectory
from yoi_wire.errors import RuntimeUnavailableError

pytestmark = pytest.mark.req("R-03")


def test_a_directory_that_cannot_be_made_leaves_the_runtime_unready(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    runtime = EmbeddedUnderTest(tmp_path / "file" / "data")
    readiness = runtime.run(runtime.api.check_readiness())
    assert readiness.problems == ({"code": "runtime.unavailable", "details": {"reason": "storage_failed"}},)
    with pytest.raises(RuntimeUnavailableError):
        runtime.run(runtime.api.list_bundles(build_caller()))
    runtime.close()


READ_ONLY = {"code": "runtime.unavailable", "details": {"reason": "storage_read_only"}}


@pytest.mark.parametrize("what", ["empty directory", "directory of a store", "files of a store"])
def test_what_may_not_be_written_leaves_the_runtime_unready_and_unchanged(tmp_path: Path, what: str) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    if "store" in what:
        runtime = EmbeddedUnderTest(directory)
        store_bundle(runtime, build_caller(), build_small_bundle())
        runtime.close()
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    if what == "files of a store":
        (directory / DATABASE_NAME).chmod(0o444)
        (directory / "runtime.lock").chmod(0o666)
    directory.chmod(0o777 if what == "files of a store" else 0o555)
    problems, refusal = ask_as_another_user(directory)
    directory.chmod(0o700)
    assert problems == (READ_ONLY,)
    assert refusal == {"code": "runtime.unavailable", "reason": "storage_read_only"}
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_a_closed_runtime_says_so(tmp_path: Path) -> None:
    runtime = EmbeddedUnderTest(tmp_path)
    runtime.api.close()
    runtime.api.close()
    with pytest.raises(RuntimeUnavailableError) as caught:
        runtime.run(runtime.api.list_bundles(build_caller()))
    assert caught.value.details() == {"reason": "closed"}
    runtime.close()


def test_two_runtimes_may_share_a_store(tmp_path: Path) -> None:
    first, second = EmbeddedUnderTest(tmp_path), EmbeddedUnderTest(tmp_path)
    bundle = build_small_bundle()
    store_bundle(first, build_caller(), bundle)
    assert second.run(second.api.head_bundle(build_caller(), bundle.digest)).digest == bundle.digest
    first.close()
    second.close()


@pytest.mark.parametrize("cut_after", range(5))
def test_a_swap_that_is_cut_at_any_step_is_finished_at_the_next_start(tmp_path: Path, cut_after: int) -> None:
    """The steps are renames; a cut leaves the first few of them done."""
    directory = DataDirectory(tmp_path)
    damaged = [tmp_path / (DATABASE_NAME + suffix) for suffix in ("-shm", "-wal", "")]
    for path in damaged:
        path.write_bytes(b"damaged")
    directory.building.write_bytes(b"repaired")
    directory.commit_repair()
    for path in damaged[:cut_after]:
        path.rename(tmp_path / f"{path.name}.moved")
    if cut_after == 4:
        (tmp_path / f"{DATABASE_NAME}.repaired").rename(directory.database)
    assert directory.finish_repair("1") is (cut_after < 4)
    assert directory.database.read_bytes() == b"repaired"
    assert not (tmp_path / f"{DATABASE_NAME}-wal").exists()
    assert directory.finish_repair("2") is False


@pytest.mark.parametrize("mode", [None, 0o644])
def test_the_store_is_its_owners_alone_whatever_its_directory(tmp_path: Path, mode: int | None) -> None:
    tmp_path.chmod(0o755)
    if mode is not None:
        EmbeddedUnderTest(tmp_path).close()
        (tmp_path / DATABASE_NAME).chmod(mode)
    runtime = EmbeddedUnderTest(tmp_path)
    store_bundle(runtime, build_caller(), build_small_bundle())
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob(f"{DATABASE_NAME}*")}
    runtime.close()
    assert len(modes) > 1
    assert set(modes.values()) == {0o600}
