"""Builds in processes: what one runs into is its own, and a stop is a stop (B-11, K-01)."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import MEBIBYTE
from yoi_wire.backend.errors import BackendUnavailableError
from yoi_workspace_server.publishing.build_processes import (
    DEFAULT_PROCESS_LIMITS,
    BuildProcesses,
    ProcessLimits,
)
from yoi_workspace_server.publishing.build_work import Answer, BuildJob, Built, Refused, find_blob_file

pytestmark = pytest.mark.req("B-11", "K-01")


class World:
    """Sources and places for results below one directory, and the processes that build them."""

    def __init__(self, directory: Path, limits: ProcessLimits) -> None:
        self.directory = directory
        self.rules = directory.parent / "rules"  # compiled once for all of these tests
        self.processes = BuildProcesses(self.rules, limits=limits)

    def write(self, workspace: str, *, text: str = "Guide.", files: int = 1) -> None:
        agents = self.directory / workspace / "agents"
        agents.mkdir(parents=True, exist_ok=True)
        for number in range(files):
            path = agents / f"a{number}.md"
            path.write_text(
                f"---\nname: a{number}\ndescription: One.\n---\n{number}\n{text}\n", encoding="utf-8"
            )

    async def build(self, workspace: str) -> Answer:
        results = self.directory / f"results-{workspace}"
        results.mkdir(exist_ok=True)
        job = BuildJob(directory=str(self.directory / workspace), workspace=workspace, results=str(results))
        return await self.processes.run(job, workspace=workspace)

    async def wait_for_child(self) -> None:
        while not self.find_children():  # noqa: ASYNC110 - nothing tells when another process is there
            await asyncio.sleep(0.01)

    def find_children(self) -> set[int]:
        """Return the ids of this process's living children that build."""
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    status = (entry / "stat").read_text().rpartition(")")[2].split()
                    words = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if status[0] != "Z" and int(status[1]) == os.getpid() and str(self.rules).encode() in words:
                    found.add(int(entry.name))
        return found


@asynccontextmanager
async def _open(directory: Path, limits: ProcessLimits) -> AsyncIterator[World]:
    world = World(directory, limits)
    try:
        yield world
    finally:
        await world.processes.close()
        assert world.find_children() == set()


def _play(
    directory: Path,
    story: Callable[[World], Awaitable[None]],
    limits: ProcessLimits = DEFAULT_PROCESS_LIMITS,
) -> None:
    async def play() -> None:
        async with asyncio.timeout(120), _open(directory, limits) as world:
            await story(world)

    asyncio.run(play())


def test_a_build_answers_with_its_digest_and_its_results_lie_in_files(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.write("small")
        answer = await world.build("small")
        assert isinstance(answer, Built)
        assert answer.digest is not None
        assert (tmp_path / "results-small" / "manifest").is_file()
        assert len(list((tmp_path / "results-small").iterdir())) > 1
        (children,) = [world.find_children()]
        assert isinstance(await world.build("small"), Built)
        assert world.find_children() >= children, "a process that is as good as new does the next job"

    _play(tmp_path, story)


def test_what_is_wrong_with_a_source_is_an_answer(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        answer = await world.build("nowhere")
        assert isinstance(answer, Refused | Built)
        assert not (isinstance(answer, Built) and answer.digest is not None)

    _play(tmp_path, story)


def test_a_build_without_end_is_killed_at_its_deadline_and_the_next_one_is_done(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.write("endless", text="api_key = 0\n" * 200_000, files=60)
        world.write("small")
        with pytest.raises(LimitExceededError) as raised:
            await world.build("endless")
        assert raised.value.limit == "build_seconds"
        assert isinstance(await world.build("small"), Built)

    _play(tmp_path, story, replace(DEFAULT_PROCESS_LIMITS, seconds=2))


def test_a_build_that_wants_too_much_memory_ends_alone(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.write("greedy", text="word " * 4_000_000, files=40)
        world.write("small")
        with pytest.raises(LimitExceededError) as raised:
            await world.build("greedy")
        assert raised.value.limit == "build_memory_bytes"
        assert isinstance(await world.build("small"), Built)

    _play(tmp_path, story, replace(DEFAULT_PROCESS_LIMITS, memory_bytes=400 * MEBIBYTE))


def test_workspaces_that_take_long_keep_no_other_one_waiting(tmp_path: Path) -> None:
    """Both quick places are taken; the small one gets one as soon as those who have them are known to take long."""

    async def story(world: World) -> None:
        hostile = ("first", "second")
        for workspace in hostile:
            world.write(workspace, text="api_key = 0\n" * 200_000, files=40)
        world.write("small")
        await world.build("small")
        running = [asyncio.create_task(world.build(workspace)) for workspace in hostile]
        await asyncio.sleep(0)  # now both have their places
        assert isinstance(await world.build("small"), Built)
        assert not any(one.done() for one in running)
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    _play(tmp_path, story, replace(DEFAULT_PROCESS_LIMITS, quick_seconds=2.0))


def test_closing_kills_what_runs_and_tells_who_waits(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.write("endless", text="api_key = 0\n" * 200_000, files=40)
        running = [asyncio.create_task(world.build("endless")) for _ in range(5)]
        await world.wait_for_child()
        await world.processes.close()
        ends = await asyncio.gather(*running, return_exceptions=True)
        assert {type(end) for end in ends} == {BackendUnavailableError}
        assert world.find_children() == set()

    _play(tmp_path, story)


def test_a_cancelled_build_leaves_no_process_behind(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.write("endless", text="api_key = 0\n" * 200_000, files=40)
        running = asyncio.create_task(world.build("endless"))
        await world.wait_for_child()
        (before,) = world.find_children()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert before not in world.find_children()

    _play(tmp_path, story)


def test_a_process_that_is_gone_is_replaced(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.write("small")
        await world.build("small")
        for child in world.find_children():
            os.kill(child, 9)
        try:
            answer = await world.build("small")
        except LimitExceededError:
            answer = await world.build("small")
        assert isinstance(answer, Built)
        assert find_blob_file(tmp_path, "sha256:ab").name == "ab"

    _play(tmp_path, story)
