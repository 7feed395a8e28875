"""A small thread pool with daemon threads, one pool a task kind.

Handing work over costs less than to the pool of the event loop, and what hangs here, such as a directory of a server
that does not answer, does not take that pool away from all others.
"""

import asyncio
import contextvars
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from msgspec import Struct

from yoi_wire.errors import RuntimeUnavailableError

_Result = TypeVar("_Result")


class _Job(Struct, frozen=True):
    """One call, and where its outcome is waited for."""

    work: Callable[[], Any]
    context: contextvars.Context
    loop: asyncio.AbstractEventLoop
    outcome: "asyncio.Future[Any]"


class _Crew:
    """The threads, and what they share; it does not know who hands work over.

    Attributes:
        free: How many threads wait for a job that is not yet handed over; below 0, how many jobs wait for a thread.
    """

    def __init__(self, name: str, most: int) -> None:
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self.lock = threading.Lock()
        self.free = 0
        self.name = name
        self.most = most
        self.started = 0
        self.closed = False

    def put(self, job: _Job) -> None:
        with self.lock:
            if self.closed:
                raise RuntimeUnavailableError("closed")
            if self.free <= 0 and self.started < self.most:
                threading.Thread(target=self.work, name=self.name, daemon=True).start()
                self.started += 1
            else:
                self.free -= 1
            self.jobs.put(job)

    def close(self) -> None:
        with self.lock:
            self.closed = True
            for _ in range(self.started):
                self.jobs.put(None)

    def work(self) -> None:
        while (job := self.jobs.get()) is not None:
            outcome = _do(job)
            # First, so that who gets the outcome and asks again finds this thread free.
            with self.lock:
                self.free += 1
            _give_back(job, *outcome)
            # The next call may be long in coming; its predecessor is not kept until then.
            del job, outcome


class DedicatedThreads:
    """Runs calls on threads of its own; with one thread, one after the other in the order given.

    A thread starts when a call comes and none is free. None keeps a program from ending: what is being written then
    is cut as by a power failure, which leaves the whole or nothing (R-02).
    """

    def __init__(self, name: str, *, most: int = 1) -> None:
        """Start none yet.

        Args:
            name: What the threads are called.
            most: How many there may be; further calls wait.
        """
        self._crew = _Crew(name, most)
        # Threads that nobody can give work to any more end, too.
        weakref.finalize(self, self._crew.close)

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Return what the call returns, or raise what it raises; who stops waiting does not stop the call.

        Raises:
            RuntimeUnavailableError: The threads were closed.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[_Result] = loop.create_future()
        self._crew.put(_Job(work, contextvars.copy_context(), loop, outcome))
        return await outcome

    def close(self) -> None:
        """Take no further calls; those already taken are run."""
        self._crew.close()


def _do(job: _Job) -> tuple[Any, BaseException | None]:
    try:
        return job.context.run(job.work), None
    except BaseException as error:  # noqa: BLE001
        # Whatever it is, it belongs to the one who waits.
        return None, error


def _give_back(job: _Job, result: Any, failure: BaseException | None) -> None:
    try:
        job.loop.call_soon_threadsafe(_deliver, job.outcome, result, failure)
    except RuntimeError:
        # The loop was closed: nobody waits any more.
        return


def _deliver(outcome: "asyncio.Future[Any]", result: Any, failure: BaseException | None) -> None:
    if outcome.done():
        return
    if failure is not None:
        outcome.set_exception(failure)
    else:
        outcome.set_result(result)
