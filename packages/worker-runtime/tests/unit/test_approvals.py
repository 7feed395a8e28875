"""Calls that wait for a person's word (W-03)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import build_small_bundle
from support.runtime.manual_clock import START
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, create_worker, store_bundle
from worker_runtime.contract.workers import Worker
from worker_runtime.store.approvals import ApprovalBody, insert_approval
from worker_runtime.store.workspaces import find_workspace
from yoi_wire.errors import WorkerInvalidStateError, WorkerNotFoundError
from yoi_wire.worker_requests import ApprovalDecision

pytestmark = pytest.mark.req("W-03")
ALLOW, DENY = ApprovalDecision(verdict="allow"), ApprovalDecision(verdict="deny")


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    under_test = EmbeddedUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.fixture
def worker(runtime: EmbeddedUnderTest) -> Worker:
    """A Worker with one call that waits, `a1`."""
    bundle = build_small_bundle()
    store_bundle(runtime, build_caller(), bundle)
    worker = create_worker(runtime, build_caller(), bundle)
    with runtime.api._context.database.write() as connection:
        assert find_workspace(connection, "main", "library") is not None
        number = connection.execute("SELECT number FROM worker WHERE id = ?", (worker.id,)).get
        body = ApprovalBody(tool="shell.run", summary="git push")
        insert_approval(connection, number, "a1", body, now=START)
    return worker


def test_a_waiting_call_is_listed_until_and_after_the_word(
    runtime: EmbeddedUnderTest, worker: Worker
) -> None:
    (waiting,) = runtime.run(runtime.api.list_worker_approvals(build_caller(), worker.id))
    assert (waiting.id, waiting.tool, waiting.summary, waiting.verdict) == (
        "a1",
        "shell.run",
        "git push",
        None,
    )
    runtime.clock.advance(minutes=1)
    decided = runtime.run(runtime.api.decide_worker_approval(build_caller(), worker.id, "a1", ALLOW))
    assert (decided.verdict, decided.decided_at) == ("allow", "2026-05-28T20:27:40.000Z")
    assert runtime.run(runtime.api.list_worker_approvals(build_caller(), worker.id)) == (decided,)
    event = runtime.run(runtime.api.list_worker_events(build_caller(), worker.id)).events[-1]
    assert (event.kind, event.body) == ("approval", {"approval": "a1", "verdict": "allow"})


def test_the_same_word_again_changes_nothing_and_another_is_refused(
    runtime: EmbeddedUnderTest, worker: Worker
) -> None:
    first = runtime.run(runtime.api.decide_worker_approval(build_caller(), worker.id, "a1", DENY))
    assert runtime.run(runtime.api.decide_worker_approval(build_caller(), worker.id, "a1", DENY)) == first
    with pytest.raises(WorkerInvalidStateError):
        runtime.run(runtime.api.decide_worker_approval(build_caller(), worker.id, "a1", ALLOW))
    assert len(runtime.run(runtime.api.list_worker_events(build_caller(), worker.id)).events) == 2


def test_nothing_is_decided_for_an_ended_worker_or_an_unknown_call(
    runtime: EmbeddedUnderTest, worker: Worker
) -> None:
    with pytest.raises(WorkerNotFoundError):
        runtime.run(runtime.api.decide_worker_approval(build_caller(), worker.id, "a2", ALLOW))
    runtime.run(runtime.api.stop_worker(build_caller(), worker.id))
    with pytest.raises(WorkerInvalidStateError):
        runtime.run(runtime.api.decide_worker_approval(build_caller(), worker.id, "a1", ALLOW))
