"""A Worker's key that another replica of the Backend reserves at the same moment (K-06, W-01)."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from support.backend.live_backend import open_live_backend, play
from worker_runtime.contract.caller import build_local_caller
from yoi_wire.backend.workers import WorkerOrder
from yoi_workspace_server.workers.creation import WorkerCreation

_POLICY = """\
version = 1

[[workspace]]
issuer = "local"
id = "library"
default_model = "desk"

[workspace.models.desk]
provider = "example"
model = "example-large"
"""


class OvertakenWorkers:
    """The table of Workers, where another replica reserves every key just before this one does."""

    def __init__(self, inner: Any, runtime: Any) -> None:
        self.inner = inner
        self.runtime = runtime

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def reserve_worker(self, new: Any, *, now: int) -> Any:
        theirs = replace(new, id="theirs", runtime=self.runtime.name, audience=self.runtime.audience)
        await self.inner.reserve_worker(theirs, now=now)
        return await self.inner.reserve_worker(new, now=now)


class OvertakenStore:
    """A store whose table of Workers is another one."""

    def __init__(self, inner: Any, workers: OvertakenWorkers) -> None:
        self.inner = inner
        self.workers = workers

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class RecordingDialer:
    """Remembers which Runtimes were asked for a Worker."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.dialled: list[str] = []

    def dial(self, runtime: Any) -> Any:
        self.dialled.append(runtime.name)
        return self.inner.dial(runtime)


@pytest.mark.req("K-06", "W-01")
def test_a_key_that_another_replica_gave_to_another_runtime_meanwhile_makes_its_worker_there(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            await backend.publish("Be kind.\n")
            await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
            services = backend.services
            here = await services.store.runtimes.get_runtime("here")
            away = replace(here, name="away", audience="away-audience")
            embedded = services.dialer.dial(here).api
            services.dialer.add_embedded(away.audience, embedded)

            class TwoRuntimes:
                def __getattr__(self, name: str) -> Any:
                    return getattr(services.store.runtimes, name)

                async def get_runtime(self, name: str) -> Any:
                    return away if name == "away" else await services.store.runtimes.get_runtime(name)

            store: Any = OvertakenStore(services.store, OvertakenWorkers(services.store.workers, away))
            store.runtimes = TwoRuntimes()
            dialer: Any = RecordingDialer(services.dialer)
            creation = WorkerCreation(
                store, dialer, services.reconciler, clock=services.clock, new_id=services.new_id
            )
            order = WorkerOrder(
                workspace="library", key="first", selector="workspace:reviewer", runtime="here"
            )
            created = await creation.create(order, actor="ann")
            assert (created.record.id, created.record.runtime) == ("theirs", "away")
            assert dialer.dialled == ["away"]
            caller = build_local_caller("library")
            assert len((await embedded.list_workers(caller)).items) == 1

    play(story)
