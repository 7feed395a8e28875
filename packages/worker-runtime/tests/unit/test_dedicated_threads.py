"""Threads kept for one kind of work: the one that stores Workers, those that look at the disk."""

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from worker_runtime.host.dedicated_threads import DedicatedThreads
from yoi_wire.errors import RuntimeUnavailableError

DEADLINE_SECONDS = 10


@pytest.fixture
def writer() -> Iterator[DedicatedThreads]:
    thread = DedicatedThreads("test-writer")
    yield thread
    thread.close()


def fail() -> None:
    raise LookupError("of the call")


def test_calls_run_in_the_order_given_on_one_other_thread(writer: DedicatedThreads) -> None:
    ran: list[tuple[int, int]] = []

    async def run_many() -> list[None]:
        calls = [lambda number=number: ran.append((number, threading.get_ident())) for number in range(50)]
        return await asyncio.gather(*[writer.run(call) for call in calls])

    asyncio.run(run_many())
    assert [number for number, _ in ran] == list(range(50))
    threads = {thread for _, thread in ran}
    assert len(threads) == 1
    assert threads.isdisjoint({threading.get_ident()})


def test_what_a_call_raises_reaches_who_waits_and_the_thread_goes_on(writer: DedicatedThreads) -> None:
    async def run_both() -> str:
        with pytest.raises(LookupError, match="of the call"):
            await writer.run(fail)
        return await writer.run(lambda: "next")

    assert asyncio.run(run_both()) == "next"


def test_who_stops_waiting_does_not_stop_the_call(writer: DedicatedThreads) -> None:
    entered, leave, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        leave.wait(DEADLINE_SECONDS)
        done.set()

    complaints: list[dict[str, object]] = []

    async def give_up() -> str:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        waiting = asyncio.ensure_future(writer.run(work))
        await asyncio.to_thread(entered.wait, DEADLINE_SECONDS)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        leave.set()
        return await writer.run(lambda: "next")

    assert asyncio.run(give_up()) == "next"
    assert done.is_set()
    assert complaints == []


def test_a_loop_that_ended_meanwhile_does_not_stop_the_thread(writer: DedicatedThreads) -> None:
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        leave.wait(DEADLINE_SECONDS)

    async def leave_behind() -> None:
        waiting = asyncio.ensure_future(writer.run(work))
        await asyncio.to_thread(entered.wait, DEADLINE_SECONDS)
        waiting.cancel()

    asyncio.run(leave_behind())
    leave.set()
    assert asyncio.run(asyncio.wait_for(writer.run(lambda: "next"), DEADLINE_SECONDS)) == "next"


def test_a_closed_thread_ends_what_it_took_and_takes_nothing_more(writer: DedicatedThreads) -> None:
    async def run_and_close() -> list[str]:
        taken = [asyncio.ensure_future(writer.run(lambda: "taken")) for _ in range(3)]
        await asyncio.sleep(0)
        writer.close()
        with pytest.raises(RuntimeUnavailableError):
            await writer.run(lambda: "late")
        return await asyncio.gather(*taken)

    assert asyncio.run(run_and_close()) == ["taken"] * 3


def test_a_call_that_hangs_keeps_no_other_waiting_while_there_may_be_another_thread() -> None:
    threads = DedicatedThreads("test-kept", most=3)
    leave = threading.Event()

    async def run_beside() -> list[str]:
        hanging = [asyncio.ensure_future(threads.run(lambda: leave.wait(DEADLINE_SECONDS))) for _ in range(2)]
        names = [await _run_soon(threads, lambda: threading.current_thread().name) for _ in range(5)]
        further = asyncio.ensure_future(threads.run(lambda: leave.wait(DEADLINE_SECONDS)))
        late = asyncio.ensure_future(threads.run(lambda: "late"))
        await asyncio.sleep(0)
        assert not late.done()
        leave.set()
        assert await asyncio.gather(*hanging, further) == [True] * 3
        return [*names, await late]

    assert asyncio.run(run_beside()) == ["test-kept"] * 5 + ["late"]
    threads.close()


def test_a_thread_that_is_free_is_used_before_another_is_started() -> None:
    threads = DedicatedThreads("test-kept", most=8)

    async def run_after_each_other() -> set[int]:
        return {await _run_soon(threads, threading.get_ident) for _ in range(50)}

    assert len(asyncio.run(run_after_each_other())) == 1
    threads.close()


def test_threads_end_when_nobody_can_give_them_work_any_more() -> None:
    threads = DedicatedThreads("test-forgotten")
    asyncio.run(_run_soon(threads, lambda: None))
    (thread,) = [one for one in threading.enumerate() if one.name == "test-forgotten"]
    del threads
    gc.collect()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


async def _run_soon(threads: DedicatedThreads, work: Callable[[], Any]) -> Any:
    return await asyncio.wait_for(threads.run(work), DEADLINE_SECONDS)
