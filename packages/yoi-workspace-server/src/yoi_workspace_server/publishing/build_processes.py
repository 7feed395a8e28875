"""Process pool for builds and checks of archives: bounded in time, memory and output, and fair among workspaces (B-11, K-01).

A process is started ahead, compiles the scanner's rules and waits. Each does one job at a time and is given up after many, or
after any that went wrong. What is running may be killed at any moment: it writes nothing but its own results.

Places are of two kinds. A job begins in a quick place. One that is not done after some seconds moves to a slow place as soon as
there is one, with less of the processor, and its workspace's next job begins there. So a workspace that takes long keeps those
waiting that take long too, and no other.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import MEBIBYTE
from yoi_wire.backend.errors import BackendUnavailableError
from yoi_workspace_server.event_log import LOG
from yoi_workspace_server.publishing.build_work import LENGTH_BYTES, READY, Answer, Failed, Job

_MODULE = "yoi_workspace_server.publishing.build_work"
_LIMIT_SIGNALS = {signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL}
"""What ends a process that wanted more memory than there is, beside a `MemoryError`."""

_SLOW_NICENESS = 10


class ProcessLimits(Struct, frozen=True, kw_only=True):
    """Bounds of one job, and of how many there are at once.

    Attributes:
        seconds: After which a job is killed.
        memory_bytes: Private memory of a process; a workspace of the largest size needs half of it.
        answer_bytes: What a process may answer; results lie in files.
        quick_seconds: After which a job is a slow one.
        quick_places, slow_places: Jobs at once.
        jobs: Of one process, before it is given up for a new one.
        start_seconds: A process compiles its rules in them.
    """

    seconds: int = 120
    memory_bytes: int = 2048 * MEBIBYTE
    answer_bytes: int = 16 * MEBIBYTE
    quick_seconds: float = 3.0
    quick_places: int = 2
    slow_places: int = 2
    jobs: int = 100
    start_seconds: float = 60.0


DEFAULT_PROCESS_LIMITS = ProcessLimits()


class BuildFaultError(Exception):
    """A build or a check ended in a way that nobody foresaw."""


class JobRunner(Protocol):
    """Does jobs somewhere; what uses it does not know where."""

    async def run(self, job: Job, *, workspace: str) -> Answer:
        """Do one job for a workspace.

        Raises:
            LimitExceededError: It took too long, or more memory than it may.
            BackendUnavailableError: The server is stopping.
            BuildFaultError: See there.
        """
        ...


class BuildProcesses:
    """The pool; made in the event loop that uses it, and closed there.

    Args:
        cache_directory: For the scanner's compiled rules.
        limits: Of jobs.
    """

    def __init__(self, cache_directory: Path, *, limits: ProcessLimits = DEFAULT_PROCESS_LIMITS) -> None:
        self._cache_directory = cache_directory
        self._limits = limits
        self._quick = asyncio.Semaphore(limits.quick_places)
        self._slow = asyncio.Semaphore(limits.slow_places)
        self._slow_workspaces: set[str] = set()
        self._waiting: list[_Process] = []
        self._all: set[_Process] = set()
        self._warming: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def warm(self) -> None:
        """Start a process ahead, unless one waits; nobody is kept waiting for it."""
        if self._is_closed or self._waiting or self._warming:
            return
        task = asyncio.create_task(self._warm(), name="warm a build process")
        self._warming.add(task)
        task.add_done_callback(self._warming.discard)

    async def run(self, job: Job, *, workspace: str) -> Answer:
        place = _Place(self._slow if workspace in self._slow_workspaces else self._quick)
        await place.kind.acquire()
        try:
            if self._is_closed:
                raise BackendUnavailableError("closed")
            place.process = await self._take_process()
            return await self._ask(place.process, job, place, workspace)
        finally:
            place.kind.release()

    async def _ask(self, process: "_Process", job: Job, place: "_Place", workspace: str) -> Answer:
        clock = asyncio.get_running_loop().time
        began = clock()
        moving = asyncio.create_task(self._move_when_slow(place))
        try:
            async with asyncio.timeout(self._limits.seconds):
                answer = await process.ask(job, most=self._limits.answer_bytes)
        except TimeoutError:
            seconds = self._limits.seconds
            raise LimitExceededError(
                "build_seconds", value=seconds, allowed=seconds, place="source"
            ) from None
        except asyncio.IncompleteReadError:
            raise await self._explain_end(process) from None
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)
            if clock() - began >= self._limits.quick_seconds:
                self._slow_workspaces.add(workspace)
            else:
                self._slow_workspaces.discard(workspace)
            await self._give_back(process, place)
        if isinstance(answer, Failed):
            raise self._explain(answer)
        return answer

    async def close(self) -> None:
        """Kill what runs, and return when all of it is gone; who waits for a job is told that the server is stopping."""
        self._is_closed = True
        for task in self._warming:
            task.cancel()
        await asyncio.gather(*self._warming, return_exceptions=True)
        await asyncio.gather(*(process.kill() for process in list(self._all)))

    async def _move_when_slow(self, place: "_Place") -> None:
        await asyncio.sleep(self._limits.quick_seconds / 2)
        self.warm()  # whoever gets the quick place finds a process ready
        await asyncio.sleep(self._limits.quick_seconds / 2)
        place.slow_down()
        if place.kind is self._quick:
            await self._slow.acquire()
            place.kind = self._slow
            self._quick.release()

    async def _take_process(self) -> "_Process":
        while self._waiting:
            process = self._waiting.pop()
            if process.is_alive:
                return process
            self._all.discard(process)
        return await self._start()

    async def _start(self) -> "_Process":
        process = await _Process.start(self._cache_directory, self._limits)
        self._all.add(process)
        if self._is_closed:
            await self._end(process)
            raise BackendUnavailableError("closed")
        try:
            async with asyncio.timeout(self._limits.start_seconds):
                await process.wait_until_ready()
        except (TimeoutError, asyncio.IncompleteReadError):
            await self._end(process)
            if self._is_closed:
                raise BackendUnavailableError("closed") from None
            raise BuildFaultError("a process for builds does not start") from None
        except asyncio.CancelledError:
            await self._end(process)
            raise
        return process

    async def _warm(self) -> None:
        with suppress(BuildFaultError, BackendUnavailableError):
            self._waiting.append(await self._start())

    async def _give_back(self, process: "_Process", place: "_Place") -> None:
        """Keep a process that is as good as a new one for the next job; end any other, and start one ahead."""
        fit = process.is_idle and not place.is_slowed and process.jobs < self._limits.jobs
        if fit and not self._is_closed and len(self._waiting) < self._limits.quick_places:
            self._waiting.append(process)
        else:
            await self._end(process)
            self.warm()

    async def _end(self, process: "_Process") -> None:
        await process.kill()
        self._all.discard(process)

    async def _explain_end(self, process: "_Process") -> Exception:
        code = await process.wait()
        if self._is_closed:
            return BackendUnavailableError("closed")
        if -code in _LIMIT_SIGNALS:
            return self._exceeds_memory()
        LOG.event("build_process_ended", code=code)
        return BuildFaultError(f"a process for builds ended with {code}")

    def _explain(self, answer: Failed) -> Exception:
        if answer.reason == "memory":
            return self._exceeds_memory()
        return BuildFaultError(answer.error)

    def _exceeds_memory(self) -> LimitExceededError:
        allowed = self._limits.memory_bytes
        return LimitExceededError("build_memory_bytes", value=allowed, allowed=allowed, place="source")


class _Place:
    """A place of one job, which may change its kind while the job runs."""

    def __init__(self, kind: asyncio.Semaphore) -> None:
        self.kind = kind
        self.process: _Process | None = None
        self.is_slowed = False

    def slow_down(self) -> None:
        """Let others have the processor first; a process cannot take that back, so it does no further job."""
        self.is_slowed = True
        if self.process is not None:
            self.process.lower_priority()


class _Process:
    """One process; asked one thing at a time."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        questions: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
    ) -> None:
        self._process = process
        self._questions = questions
        self._answers = answers
        self.jobs = 0
        self.is_idle = False

    @staticmethod
    async def start(cache_directory: Path, limits: ProcessLimits) -> "_Process":
        arguments = (str(cache_directory), str(limits.memory_bytes), str(limits.seconds))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _MODULE, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a terminal's interrupt is for the server, which stops these itself
        )
        if process.stdin is None or process.stdout is None:
            raise BuildFaultError("a process for builds has no pipes")
        return _Process(process, process.stdin, process.stdout)

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def wait_until_ready(self) -> None:
        """Return when it has compiled what it needs.

        Raises:
            asyncio.IncompleteReadError: It ended before.
        """
        await self._read(most=len(READY))
        self.is_idle = True

    async def ask(self, job: Job, *, most: int) -> Answer:
        """Give it a job, and return its answer.

        Raises:
            asyncio.IncompleteReadError: It ended, or answered more than it may.
        """
        self.is_idle = False
        self.jobs += 1
        frame = msgspec.json.encode(job)
        with suppress(ConnectionError):
            self._questions.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)
            await self._questions.drain()
        answer = msgspec.json.decode(await self._read(most=most), type=Answer)
        self.is_idle = not isinstance(answer, Failed)
        return answer

    async def _read(self, *, most: int) -> bytes:
        length = int.from_bytes(await self._answers.readexactly(LENGTH_BYTES), "big")
        if length > most:
            await self.kill()
            raise asyncio.IncompleteReadError(b"", length)
        return await self._answers.readexactly(length)

    async def wait(self) -> int:
        return await self._process.wait()

    async def kill(self) -> None:
        if self.is_alive:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()

    def lower_priority(self) -> None:
        if self.is_alive:
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _SLOW_NICENESS)
