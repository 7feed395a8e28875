"""The thread that stores Workers: one, kept, so that handing work over costs less than the pool of the event loop."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from msgspec import Struct

from worker_runtime.errors import RuntimeUnavailableError

_Result = TypeVar("_Result")


class _Job(Struct, frozen=True):
    """One call, and where its outcome is waited for."""

    work: Callable[[], Any]
    context: contextvars.Context
    loop: asyncio.AbstractEventLoop
    outcome: "asyncio.Future[Any]"


class WriterThread:
    """Runs one call after the other, in the order given; writers would wait for each other anyway.

    The thread starts with the first call. It keeps no program from ending: what is being written then is cut as by a
    power failure, which leaves the whole or nothing (R-02).
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = False
        self._closed = False

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Return what the call returns, or raise what it raises; who stops waiting does not stop the call.

        Raises:
            RuntimeUnavailableError: The thread was closed.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[_Result] = loop.create_future()
        self._put(_Job(work, contextvars.copy_context(), loop, outcome))
        return await outcome

    def close(self) -> None:
        """Take no further calls; those already taken are run."""
        with self._lock:
            self._closed = True
            self._jobs.put(None)

    def _put(self, job: _Job) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeUnavailableError("closed")
            if not self._started:
                # It is given the queue alone, so that a Runtime that nobody closed can be forgotten.
                threading.Thread(target=_work, args=(self._jobs,), name="yoi-writer", daemon=True).start()
                self._started = True
            self._jobs.put(job)


def _work(jobs: "SimpleQueue[_Job | None]") -> None:
    while True:
        job = jobs.get()
        if job is None:
            return
        _do(job)
        # The next call may be long in coming; its predecessor is not kept until then.
        del job


def _do(job: _Job) -> None:
    result, failure = None, None
    try:
        result = job.context.run(job.work)
    except BaseException as error:  # noqa: BLE001
        # Whatever it is, it belongs to the one who waits.
        failure = error
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
