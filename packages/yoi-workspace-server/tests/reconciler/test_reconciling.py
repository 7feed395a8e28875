"""The reconciler on a real store, with real Runtimes of this process."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from support.backend.backend_under_test import BackendUnderTest, open_backend
from support.bundles.small_bundles import build_small_bundle
from worker_runtime.contract.bundles import BundleEntry, BundleStatus
from worker_runtime.contract.caller import Caller, build_local_caller
from yoi_bundle.errors import YoiError
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.clock import SystemClock, format_instant
from yoi_wire.errors import ForbiddenError, RuntimeOverloadedError, RuntimeUnavailableError
from yoi_wire.paging import Page
from yoi_workspace_server.reconciler.attempt import inspect_holdings
from yoi_workspace_server.registry.dialer import Dialled
from yoi_workspace_server.sync_status import PairKey

_Story = Callable[[BackendUnderTest], Awaitable[None]]


def _play(directory: Path, story: _Story, *, probing: bool = False) -> None:
    async def play() -> None:
        async with open_backend(directory, probing=probing) as backend:
            await story(backend)

    asyncio.run(play())


@pytest.mark.req("K-01", "K-04", "K-05")
def test_every_runtime_comes_to_the_active_bundle_and_back_to_an_older_one(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        for name in ("one", "two"):
            await backend.add_runtime(name)
        first = await backend.publish("Be kind.\n")
        await backend.wait_for(first, "one", "two")
        second = await backend.publish("Be brief.\n")
        await backend.wait_for(second, "one", "two")
        await backend.store.activations.activate(
            "library", 1, rollback=True, actor="ann", reason="too brief", now=backend.clock.now()
        )
        await backend.wait_for(first, "one", "two")
        for name in ("one", "two"):
            assert await backend.get_assigned(name) == first
            assert await backend.get_state(name) == "in_sync"

    _play(tmp_path, story)


@pytest.mark.req("K-04")
def test_a_sync_asks_for_no_more_than_it_has_to(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        first = await backend.publish("Be kind.\n")
        await backend.wait_until(
            lambda pair: (
                pair.observed is not None
                and pair.observed.digest == first
                and pair.holdings is not None
                and first in pair.holdings.stored
                and pair.due_at is not None
                and pair.due_at > format_instant(backend.clock.now())
            ),
            "one",
        )
        runtime.asked.clear()
        second = await backend.publish("Be brief.\n")
        await backend.wait_for(second, "one")
        assert runtime.asked == ["put_bundle", "put_pack", "put_assignment"]

    _play(tmp_path, story)


@pytest.mark.req("K-04")
def test_a_failure_that_passes_is_tried_again_until_it_has_passed(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        failures = [
            RuntimeUnavailableError("unreachable"),
            RuntimeOverloadedError("leases", retry_after_seconds=0),
            RuntimeUnavailableError("unreachable"),
        ]
        runtime.failure = lambda name: failures.pop() if name == "put_bundle" and failures else None
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "one")
        assert failures == []
        status = await backend.get_pair("one")
        assert (status.attempts, status.problem) == (0, None)

    _play(tmp_path, story)


@pytest.mark.req("K-04", "K-05")
def test_a_failure_is_shown_and_is_not_called_success(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        before = await backend.wait_until(lambda one: one.observed is not None, "one")
        runtime.failure = lambda name: ForbiddenError(scope="bundles:write") if name == "put_bundle" else None
        await backend.publish("Be kind.\n")
        status = await backend.wait_until(lambda one: one.attempts >= 2, "one")
        assert status.problem is not None
        assert (status.problem.code, status.problem.retryable) == ("auth.forbidden", False)
        assert status.last_success_at == before.last_success_at
        assert await backend.get_state("one") == "failing"
        assert await backend.get_assigned("one") is None

    _play(tmp_path, story)


@pytest.mark.req("K-03", "K-05")
def test_a_runtime_that_loses_placement_is_withdrawing_until_it_has_confirmed(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "one")
        runtime.failure = lambda _: RuntimeUnavailableError("unreachable")
        stop = PlacementRule(id="stop", effect="deny", workspaces=("*",), runtimes=("*",))
        await backend.put_rules(stop)
        await backend.wait_until(lambda one: one.attempts >= 1, "one")
        assert await backend.get_state("one") == "withdrawing"
        assert await backend.get_assigned("one") == digest
        runtime.failure = lambda _: None
        await backend.wait_for(None, "one")
        assert await backend.get_state("one") == "withdrawn"
        assert await backend.get_assigned("one") is None
        await backend.put_rules()
        await backend.wait_for(digest, "one")
        assert await backend.get_assigned("one") == digest

    _play(tmp_path, story)


@pytest.mark.req("K-01")
def test_a_revoked_active_bundle_is_taken_from_every_runtime(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        await backend.add_runtime("one")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "one")
        await backend.store.revocations.revoke_bundle(
            "library", digest, actor="ann", reason="it leaked", now=backend.clock.now()
        )
        await backend.wait_for(None, "one")
        assert await backend.get_assigned("one") is None
        assert await backend.get_state("one") == "nothing_active"

    _play(tmp_path, story)


@pytest.mark.req("K-04")
def test_a_runtime_that_answers_again_is_looked_at_at_once(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        first = await backend.publish("Be kind.\n")
        await backend.wait_for(first, "one")
        gone = asyncio.Event()

        def fail(name: str) -> YoiError | None:
            if name == "get_runtime":
                gone.set()
            return RuntimeUnavailableError("unreachable")

        runtime.failure = fail
        await asyncio.wait_for(gone.wait(), 10)
        second = await backend.publish("Be brief.\n")
        await backend.wait_until(lambda one: one.problem is not None, "one")
        runtime.failure = lambda _: None
        await backend.wait_for(second, "one")
        found = await backend.store.runtimes.get_runtime("one")
        assert found.info is not None

    _play(tmp_path, story, probing=True)


@pytest.mark.req("K-05")
def test_what_a_runtime_stores_and_uses_is_learnt_from_itself(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        await backend.add_runtime("one")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "one")
        await backend.store.pairs.mark_due(runtime="one", now=backend.clock.now())
        status = await backend.wait_until(lambda one: one.holdings is not None, "one")
        assert status.holdings is not None
        assert status.holdings.stored == (digest,)
        assert status.holdings.workers == {}

    _play(tmp_path, story)


@pytest.mark.req("K-04")
def test_a_pair_is_brought_up_to_date_on_demand(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        runtime.failure = lambda _: RuntimeUnavailableError("unreachable")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_until(lambda one: one.problem is not None, "one")
        runtime.failure = lambda _: None
        async with asyncio.timeout(10):
            while True:
                status = await backend.reconciler.sync_now(PairKey("one", "library"), deadline_seconds=5)
                assert status is not None
                if status.observed is not None and status.problem is None:
                    break
        assert status.observed.digest == digest
        nobody = await backend.reconciler.sync_now(PairKey("two", "library"), deadline_seconds=0)
        assert nobody is None

    _play(tmp_path, story)


@pytest.mark.req("K-04", "R-11")
def test_a_backend_that_comes_back_from_a_backup_catches_up_with_its_runtimes(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        first = await backend.publish("Be kind.\n")
        await backend.wait_for(first, "one")
        caller = build_local_caller("library")
        # What a Backend did after the backup was made.
        await runtime.inner.delete_assignment(caller, "library", 1_000)
        second = await backend.publish("Be brief.\n")
        await backend.wait_for(second, "one")
        found = await runtime.inner.get_assignment(caller, "library")
        assert found.digest == second
        assert found.generation > 1_000

    _play(tmp_path, story)


@pytest.mark.req("K-04", "K-08", "R-11")
def test_a_restored_backend_asks_its_runtimes_and_sends_them_nothing_before_it_is_released(
    tmp_path: Path,
) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "one")
        await backend.store.restoring.suspend_all(now=backend.clock.now())
        caller = build_local_caller("library")
        # What the Backend had done after the backup was made.
        await runtime.inner.delete_assignment(caller, "library", 1_000)
        status = await backend.wait_until(
            lambda one: one.observed is not None and one.observed.generation == 1_000, "one"
        )
        assert status.observed is not None
        assert status.observed.digest is None
        assert (await runtime.inner.get_assignment(caller, "library")).digest is None
        await backend.store.workspaces.release_workspace("library", actor="ann", now=backend.clock.now())
        await backend.wait_for(digest, "one")

    _play(tmp_path, story)


@pytest.mark.req("K-03", "K-05")
def test_a_pair_that_a_runtime_never_took_ends_when_its_placement_does(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        runtime.failure = lambda _: ForbiddenError(workspace="library")
        await backend.publish("Be kind.\n")
        await backend.wait_until(lambda one: one.attempts >= 1, "one")
        stop = PlacementRule(id="stop", effect="deny", workspaces=("*",), runtimes=("*",))
        await backend.put_rules(stop)
        before = await backend.get_pair("one")
        await backend.wait_until(lambda one: one.attempts > before.attempts, "one")
        assert await backend.get_state("one") == "not_placed"

    _play(tmp_path, story)


@pytest.mark.req("K-05")
def test_a_worker_pinned_to_the_oldest_of_many_bundles_is_counted() -> None:
    digests = [f"sha256:{number:064x}" for number in range(30)]

    class Full:
        async def list_bundles(self, caller: Caller, *, workspace: str, limit: int) -> Page[BundleEntry]:
            del caller
            entries = (build_entry(digest, workspace) for digest in digests)
            return Page(items=tuple(entries)[:limit], next_cursor=None)

        async def get_bundle_status(self, caller: Caller, digest: str) -> BundleStatus:
            del caller
            return BundleStatus(digest=digest, stored=True, workers=("w",) if digest == digests[-1] else ())

    dialled = Dialled(Full(), "local")  # type: ignore[arg-type]
    found = asyncio.run(inspect_holdings(dialled, "library", SystemClock()))
    assert (len(found.stored), found.workers) == (30, {digests[-1]: 1})


def build_entry(digest: str, workspace: str) -> BundleEntry:
    made = build_small_bundle(workspace).metadata
    return BundleEntry(
        digest=digest,
        workspace=workspace,
        metadata=made,
        state="stored",
        size=1,
        blobs=1,
        profiles=1,
        stored_at="2026-01-31T12:00:00Z",
    )
