"""When to ask again, and how long to wait: by what the error says, with time and chance in the test's hand."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yoi_bundle.errors import YoiError
from yoi_wire.client.retry import Backoff, Patience, find_retry_after, retry
from yoi_wire.errors import (
    BundleMissingError,
    RequestInvalidError,
    RuntimeOverloadedError,
    RuntimeUnavailableError,
)

_GONE = RuntimeUnavailableError("unreachable")


class _Script:
    """Fails as it is told, then succeeds; time passes only by sleeping, chance is always one half."""

    def __init__(self, failures: Iterable[YoiError], *, progress: Iterable[int] = ()) -> None:
        self.waits: list[float] = []
        self.calls = 0
        self.reached = 0
        self._failures = list(failures)
        self._progress = set(progress)

    async def operation(self) -> str:
        self.calls += 1
        self.reached += self.calls in self._progress
        if self._failures:
            raise self._failures.pop(0)
        return "done"

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def run(self, attempts: int = 5, deadline_seconds: float = 1000.0) -> str:
        patience = Patience(
            attempts=attempts,
            deadline_seconds=deadline_seconds,
            sleep=self._sleep,
            draw=lambda: 0.5,
            now=lambda: sum(self.waits),
        )
        return asyncio.run(retry(self.operation, patience, measure=lambda: self.reached))


@pytest.mark.req("R-04")
def test_the_bound_of_waiting_doubles_with_every_failure_in_a_row() -> None:
    script = _Script([_GONE] * 4)
    assert script.run() == "done"
    assert script.waits == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.req("R-04")
def test_what_does_not_pass_by_itself_is_not_asked_again() -> None:
    script = _Script([RequestInvalidError("no")])
    with pytest.raises(RequestInvalidError):
        script.run()
    assert (script.calls, script.waits) == (1, [])


@pytest.mark.req("R-04")
def test_patience_ends_with_the_last_failure() -> None:
    script = _Script([_GONE, RuntimeOverloadedError("busy", retry_after_seconds=0)])
    with pytest.raises(RuntimeOverloadedError) as caught:
        script.run(attempts=2)
    assert caught.value.retryable
    assert script.calls == 2


@pytest.mark.req("R-04")
def test_an_attempt_that_would_begin_after_the_deadline_is_not_waited_for() -> None:
    script = _Script([_GONE, RuntimeOverloadedError("leases", retry_after_seconds=30)])
    with pytest.raises(RuntimeOverloadedError):
        script.run(deadline_seconds=31)
    assert script.waits == [1.0]


@pytest.mark.req("R-04")
def test_a_failure_after_a_step_forward_counts_as_the_first() -> None:
    script = _Script([_GONE] * 5, progress=[3])
    assert script.run(attempts=4) == "done"
    assert script.waits == [1.0, 2.0, 1.0, 2.0, 4.0]


@pytest.mark.req("R-04")
def test_what_the_other_side_asks_for_is_read_from_the_error() -> None:
    assert find_retry_after(RuntimeOverloadedError("leases", retry_after_seconds=30)) == 30
    assert find_retry_after(BundleMissingError("sha256:0")) == 0


@pytest.mark.req("R-04")
@given(
    failures=st.integers(1, 10_000),
    draw=st.floats(0, 1, exclude_max=True),
    asked=st.integers(0, 3600),
)
def test_a_wait_is_never_before_retry_after_and_never_beyond_the_bound(
    failures: int, draw: float, asked: int
) -> None:
    error = RuntimeOverloadedError("busy", retry_after_seconds=asked)
    wait = Backoff().compute_wait(error, failures=failures, draw=draw)
    assert asked <= wait <= asked + min(300.0, 2.0**failures if failures < 20 else 300.0)
