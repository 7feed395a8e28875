"""Mutation testing: change one thing in the product, run the tests that should notice, and list what none noticed.

    python tests/mutation/run.py [GROUP…] [--under PATH] [--sample N] [--minutes N] [--seed N] [--deep]

A runner of our own, because neither of the two well-kept tools fits: mutmut 3.8 (tried in November 2026) finds no mutant of a
package below `packages/NAME/src`, since it takes a module's name from its path, and it leaves tables outside of functions
alone; cosmic-ray 8.7 was installed and not run: its documentation says that it writes each mutant into the source tree and
starts pytest anew for it.

Here pytest collects the mapped tests once. Each mutant gets a fork of that process, replaces one function's code (or one
assignment of a module) in memory, and runs the tests until one fails or the time is up. Nothing is written, and a mutant
costs what its tests cost. What only a child process of a test would notice is not seen.

Mutants that mean the same as the original are listed in `equivalents.toml`, each with its reason, and not counted.
"""

import argparse
import os
import random
import signal
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutation.groups import GROUPS, Group
from mutation.mutants import Mutant, apply_mutant, list_mutants

ROOT = Path(__file__).parents[2]
EQUIVALENTS = Path(__file__).with_name("equivalents.toml")


class Outcome(NamedTuple):
    """What became of one mutant.

    Attributes:
        state: `killed`, `timed out` (killed as well), `survived` or `impossible`.
    """

    mutant: Mutant
    state: str


class ForkingLoop:
    """A pytest plugin that, in the place of running the collected tests once, runs them once a mutant."""

    def __init__(self, mutants: list[Mutant], seed: int, limit_seconds: float) -> None:
        self.mutants = mutants
        self.seed = seed
        self.limit_seconds = limit_seconds
        self.outcomes: list[Outcome] = []
        self.baseline_seconds = 0.0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        begun = time.monotonic()
        if self._run(session, None, deadline_seconds=1200) != "survived":
            raise pytest.UsageError("the tests fail without a mutant")
        self.baseline_seconds = time.monotonic() - begun
        for number, mutant in enumerate(self.mutants, start=1):
            if time.monotonic() - begun > self.limit_seconds:
                _tell(f"  out of time: {number - 1} of {len(self.mutants)} were tried")
                break
            state = self._run(session, mutant, deadline_seconds=max(10.0, 4 * self.baseline_seconds))
            self.outcomes.append(Outcome(mutant, state))
            if state == "survived":
                _tell(f"  [{number}/{len(self.mutants)}] {_show(mutant)}")
        return True

    def _run(self, session: pytest.Session, mutant: Mutant | None, *, deadline_seconds: float) -> str:
        child = os.fork()
        if child == 0:
            _run_as_child(session, mutant, self.seed)
        ends = time.monotonic() + deadline_seconds
        while time.monotonic() < ends:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return {0: "survived", 2: "impossible"}.get(os.waitstatus_to_exitcode(status), "killed")
            time.sleep(0.005)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "timed out"


def _run_as_child(session: pytest.Session, mutant: Mutant | None, seed: int) -> None:
    """Run all tests until one fails, and end this process by what they say."""
    code = 1
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        session.config.pluginmanager.unregister(name="terminalreporter")
        random.seed(seed)
        if mutant is not None and not apply_mutant(mutant):
            os._exit(2)
        code = 0
        for index, item in enumerate(session.items):
            following = session.items[index + 1] if index + 1 < len(session.items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                code = 1
                break
    except BaseException:  # noqa: BLE001
        code = 1
    finally:
        os._exit(code)


def run_group(
    group: Group, *, under: str, sample: int | None, limit_seconds: float, seed: int, deep: bool
) -> list[Outcome]:
    """Run the mutants of a group that are not known to be equivalent, of files whose path contains `under`.

    They run in an order drawn by the seed, so that those tried before the time was up are a sample too.
    """
    equivalents = _read_equivalents()
    found = [
        mutant
        for path in group.list_sources(ROOT)
        if under in path.as_posix()
        for mutant in list_mutants(path, group.name_module(ROOT, path))
        if mutant.key not in equivalents
    ]
    total = len(found)
    size = sample if sample is not None else group.sample
    found = random.Random(seed).sample(found, total if size is None else min(size, total))
    _tell(f"{group.name}: {len(found)} of {total} mutants (seed {seed})")
    loop = ForkingLoop(found, seed, limit_seconds)
    tests = [*group.tests, *(group.deep_tests if deep else ())]
    arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=mutants"]
    begun = time.monotonic()
    pytest.main(
        [*arguments, "--no-header", "--no-summary", *(str(ROOT / one) for one in tests)], plugins=[loop]
    )
    _tell(
        f"{group.name}: {time.monotonic() - begun:.0f} s, one run of its tests {loop.baseline_seconds:.1f} s"
    )
    return loop.outcomes


def _read_equivalents() -> set[str]:
    listed: list[dict[str, str]] = tomllib.loads(EQUIVALENTS.read_text()).get("mutant", [])
    return {one["key"] for one in listed if one["reason"]}


def _show(mutant: Mutant) -> str:
    before, after = (text.replace("\n", " ⏎ ")[:160] for text in (mutant.before, mutant.after))
    return f"{mutant.path.relative_to(ROOT)}:{mutant.line} {mutant.scope}: {before} => {after}"


def _tell(text: str) -> None:
    sys.__stdout__.write(f"{text}\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def print_scores(outcomes: list[Outcome]) -> None:
    """Print tried, killed, survived and score of each folder."""
    folders: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        folder = outcome.mutant.path.parent.relative_to(ROOT).as_posix().partition("/src/")[2]
        folders.setdefault(folder, Counter())[outcome.state] += 1
    _tell(f"{'folder':52} tried killed survived  score")
    for folder, states in sorted(folders.items()):
        survived = states["survived"]
        tried = states.total() - states["impossible"]
        score = 100 * (tried - survived) / tried if tried else 100.0
        _tell(f"{folder:52} {tried:5} {tried - survived:6} {survived:8}  {score:4.1f}%")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("groups", nargs="*", default=[group.name for group in GROUPS])
    parser.add_argument("--under", default="", help="only files whose path contains this")
    parser.add_argument("--sample", type=int, help="at most so many mutants of each group")
    parser.add_argument("--minutes", type=float, default=600.0, help="of each group, then the score so far")
    parser.add_argument("--seed", type=int, default=1, help="of the sample, and of what Hypothesis draws")
    parser.add_argument("--deep", action="store_true", help="the slow property tests too")
    asked: Any = parser.parse_args()
    os.chdir(ROOT)
    # One interpreter holds the modules of one group; what it collected must not meet the next group's tests.
    outcomes: list[Outcome] = []
    for group in GROUPS:
        if group.name in asked.groups:
            outcomes += run_group(
                group,
                under=asked.under,
                sample=asked.sample,
                limit_seconds=60 * asked.minutes,
                seed=asked.seed,
                deep=asked.deep,
            )
    print_scores(outcomes)
    survivors = [one for one in outcomes if one.state == "survived"]
    _tell(f"{len(survivors)} survived:")
    for outcome in survivors:
        _tell(f"  {outcome.mutant.key}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
