"""A Runtime is killed at random moments; every restart finds all that was acknowledged, and nothing half done (R-02)."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from support.runtime.crash_child import run_child
from support.runtime.crash_ledger import Ledger
from support.runtime.crash_work import KINDS

pytestmark = pytest.mark.req("R-02", "R-06", "W-02")

KILLS_A_STORE = 10
_DEADLINE_SECONDS = 60.0


class Killer:
    """Starts children on one store after another, and ends each by SIGKILL."""

    def __init__(self, directory: Path, seed: int) -> None:
        self._directory = directory
        self._random = random.Random(seed)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["support.runtime.crash_child"])
        self.cut_within: Counter[str] = Counter()
        self.acknowledged: Counter[str] = Counter()

    def run(self, kills: int) -> None:
        ledger = Ledger()
        for number in range(kills):
            if number % KILLS_A_STORE == 0:
                ledger = Ledger()
            directory = self._directory / str(number // KILLS_A_STORE)
            before = Counter(ledger.acknowledged)
            kind = self._kill_one(directory, number, ledger)
            self.cut_within[kind] += 1
            self.acknowledged += ledger.acknowledged - before
            ledger.verify(directory)

    def _kill_one(self, directory: Path, seed: int, ledger: Ledger) -> str:
        reader, writer = self._context.Pipe(duplex=False)
        child = self._context.Process(target=run_child, args=(str(directory), seed, writer), daemon=True)
        child.start()
        writer.close()
        messages = self._random.randrange(1, 60)
        for _ in range(messages):
            assert reader.poll(_DEADLINE_SECONDS), "the child says nothing"
            ledger.listen(*reader.recv())
        time.sleep(self._random.random() * 0.004)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join(_DEADLINE_SECONDS)
        assert child.exitcode == -signal.SIGKILL, "the child ended by itself"
        try:
            while True:
                ledger.listen(*reader.recv())
        except (EOFError, OSError):
            reader.close()
        return ledger.find_open() or "between"


def _report(killer: Killer, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        within = ", ".join(f"{kind} {killer.cut_within[kind]}" for kind in (*KINDS, "between"))
        print(f"\n{killer.cut_within.total()} kills within: {within}")  # noqa: T201
        done = ", ".join(f"{kind} {killer.acknowledged[kind]}" for kind in KINDS)
        print(f"acknowledged before them: {done}")  # noqa: T201


def test_thirty_kills_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killer = Killer(tmp_path, seed=1)
    killer.run(30)
    _report(killer, capsys)
    assert killer.cut_within.total() == 30
    assert sum(killer.cut_within[kind] for kind in KINDS) > 0
    assert killer.acknowledged.total() > 100


@pytest.mark.soak
def test_three_thousand_kills_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killer = Killer(tmp_path, seed=2)
    killer.run(3_000)
    _report(killer, capsys)
    assert all(killer.cut_within[kind] for kind in KINDS)
