"""The power is cut at every sync, and after every acknowledgement, of the same work (R-02)."""

import asyncio
import copy
import random
from pathlib import Path
from typing import Any

import pytest

from support.runtime.crash_ledger import Ledger
from support.runtime.crash_work import KINDS, CrashWork
from support.runtime.fake_host import FakeHost
from support.runtime.forgetting_vfs import NAME, Disk, ForgettingVfs, LoneDatabase
from support.runtime.manual_clock import ManualClock
from worker_runtime.embedded.repair import repair_data_directory
from worker_runtime.store.connection import Database
from worker_runtime.store.files import DATABASE_NAME

pytestmark = pytest.mark.req("R-02")

STEPS = 25
KINDS_HERE = tuple(kind for kind in KINDS if kind != "salvage")


class PowerCut:
    """Runs work on a disk that forgets, and looks at what is left at each cut."""

    def __init__(self, directory: Path, *, chance: random.Random | None) -> None:
        self.directory = directory
        self.cuts: list[tuple[dict[str, bytes], Ledger]] = []
        self.ledger = Ledger()
        self.disk = Disk()
        self._chance = chance
        self._vfs = ForgettingVfs(self.disk, self._cut)

    def run(self, seed: int, *, synchronous: str) -> None:
        def open_database(path: Path) -> Database:
            return LoneDatabase(path, vfs=NAME, synchronous=synchronous)

        data = self.directory / "data"
        work = CrashWork(data, seed, self._listen, open_database=open_database, kinds=KINDS_HERE)
        asyncio.run(work.run(STEPS))

    def verify(self) -> None:
        """Look at what each cut would have left."""
        for number, (left, ledger) in enumerate(self.cuts):
            directory = self.directory / str(number)
            directory.mkdir()
            for name, data in left.items():
                (directory / name).write_bytes(data)
            ledger.verify(directory)

    def _listen(self, what: str, kind: str, about: dict[str, Any]) -> None:
        self.ledger.listen(what, kind, about)
        if what == "ack":
            self._cut()

    def _cut(self) -> None:
        """Keep what a cut at this instant would leave, and what must be in it."""
        self.cuts.append((self.disk.survive(chance=self._chance), copy.deepcopy(self.ledger)))


@pytest.mark.parametrize("chance", [None, random.Random(7)], ids=["all unsynced lost", "half of it lost"])
def test_nothing_acknowledged_is_lost_and_nothing_half_done_is_visible(
    tmp_path: Path, chance: random.Random | None
) -> None:
    power = PowerCut(tmp_path, chance=chance)
    power.run(seed=3, synchronous="FULL")
    power.verify()
    assert power.disk.syncs > STEPS
    assert len(power.cuts) > 3 * STEPS
    assert all(power.ledger.acknowledged[kind] for kind in KINDS_HERE)


def test_a_store_that_does_not_sync_is_caught_losing_what_it_acknowledged(tmp_path: Path) -> None:
    power = PowerCut(tmp_path, chance=None)
    power.run(seed=3, synchronous="OFF")
    with pytest.raises(AssertionError, match="lost"):
        power.verify()


class RepairCut:
    """Repairs a store on a disk that forgets what the repair writes; the damaged store lies on one that does not."""

    def __init__(self, directory: Path, *, synchronous: str) -> None:
        self.data = directory / "data"
        self.ledger = Ledger()
        work = CrashWork(self.data, 5, self.ledger.listen, kinds=KINDS_HERE)
        asyncio.run(work.run(STEPS))
        self.damaged = {path.name: path.read_bytes() for path in self.data.iterdir()}
        self.cuts: list[dict[str, bytes]] = []
        self.disk = Disk()
        self._synchronous = synchronous
        self._vfs = ForgettingVfs(self.disk, lambda: self.cuts.append(self.disk.survive()))

    def run(self) -> None:
        repair_data_directory(self.data, host=FakeHost(), clock=ManualClock(), open_database=self._open)

    def _open(self, path: Path) -> Database:
        return LoneDatabase(path, vfs=NAME, synchronous=self._synchronous)


def _verify_left(directory: Path, left: dict[str, bytes], ledger: Ledger) -> None:
    directory.mkdir()
    for name, data in left.items():
        (directory / name).write_bytes(data)
    copy.deepcopy(ledger).verify(directory)


def test_a_repair_that_is_cut_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    cut = RepairCut(tmp_path, synchronous="FULL")
    cut.run()
    assert len(cut.cuts) > 10
    for number, left in enumerate(cut.cuts):
        _verify_left(tmp_path / str(number), {**cut.damaged, **left}, cut.ledger)


def test_all_that_a_repair_brought_over_is_on_the_disk_before_it_takes_the_old_ones_place(
    tmp_path: Path,
) -> None:
    cut = RepairCut(tmp_path, synchronous="FULL")
    cut.run()
    # Renames are the rest of it; `test_data_directory` cuts between them.
    repaired = cut.disk.survive()["runtime.sqlite.building"]
    _verify_left(tmp_path / "after", {DATABASE_NAME: repaired}, cut.ledger)


def test_a_repair_that_does_not_sync_is_caught_losing_what_it_brought_over(tmp_path: Path) -> None:
    cut = RepairCut(tmp_path, synchronous="OFF")
    cut.run()
    repaired = cut.disk.survive()["runtime.sqlite.building"]
    with pytest.raises(AssertionError, match="lost"):
        _verify_left(tmp_path / "after", {DATABASE_NAME: repaired}, cut.ledger)
