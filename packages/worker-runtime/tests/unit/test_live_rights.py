"""Workers while the host's grants change: held, narrowed or stopped, and free again, without a restart (X-13)."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import build_small_bundle
from support.runtime.damaged_store import overwrite
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, create_worker, store_bundle
from worker_runtime.contract.lifecycle import is_terminal
from worker_runtime.contract.workers import Worker
from worker_runtime.embedded.live_rights import ChangedWorker, LiveRights
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.event_log import LOG
from worker_runtime.host.local_host import LocalHost
from worker_runtime.host.policy import HostPolicy
from yoi_bundle.manifest import Policy, Rule, compute_rule_id
from yoi_wire.errors import RuntimeUnavailableError, WorkerInvalidStateError
from yoi_wire.worker_requests import WorkerInput

pytestmark = pytest.mark.req("X-13", "W-06")

READ = Rule(effect="allow", tool="file.read")
CALLER = build_caller()


def _policy(*rules: Rule, **fields: object) -> HostPolicy:
    by_id = {compute_rule_id(rule): rule for rule in rules}
    return HostPolicy(tools=Policy(rules=by_id), mounts={"workspace": "ro"}, **fields)  # type: ignore[arg-type]


class World:
    """A Runtime with live Workers, and one look at its host after another."""

    def __init__(self, directory: Path) -> None:
        self.runtime = EmbeddedUnderTest(directory)
        self.host = self.runtime.host
        self.host.policy = _policy(READ)
        self.host.mounts["workspace"] = "rw"
        self.bundle = build_small_bundle()
        store_bundle(self.runtime, CALLER, self.bundle)
        self.worker = self.create("first")
        self.rights: LiveRights = self.runtime.api.maintenance.live_rights
        self.look()

    def create(self, key: str) -> Worker:
        return create_worker(self.runtime, CALLER, self.bundle, key=key)

    def look(self, *, facts: bool = True, packages: bool = True) -> tuple[ChangedWorker, ...]:
        found: tuple[ChangedWorker, ...] = self.runtime.run(self.rights.check(facts=facts, packages=packages))
        return found

    def read(self) -> Worker:
        worker: Worker = self.runtime.run(self.runtime.api.get_worker(CALLER, self.worker.id))
        return worker


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "data")
    yield made
    made.runtime.close()


def test_a_grant_that_is_taken_away_holds_the_worker_and_one_that_returns_frees_it(world: World) -> None:
    world.host.policy = _policy()
    assert world.look(facts=False) == (ChangedWorker(world.worker.id, "held"),)
    held = world.read()
    assert held.state == "held"
    assert ("policy.denied", "tool", "file.read") in {(one.code, one.kind, one.id) for one in held.reasons}
    with pytest.raises(WorkerInvalidStateError):
        world.runtime.run(
            world.runtime.api.send_worker_input(CALLER, world.worker.id, WorkerInput(text="go on"))
        )
    world.host.policy = _policy(READ)
    assert world.look(facts=False) == (ChangedWorker(world.worker.id, "restored"),)
    assert (world.read().state, world.read().reasons) == ("created", ())
    events = world.runtime.run(world.runtime.api.list_worker_events(CALLER, world.worker.id)).events
    assert [one.body.get("to") for one in events] == [None, "held", "created"]


def test_other_reasons_for_being_held_replace_the_first_ones(world: World) -> None:
    world.host.policy = _policy()
    world.look()
    before = world.read().reasons
    world.host.policy = _policy(READ)
    world.host.mounts.clear()
    world.look()
    assert world.read().state == "held"
    assert {one.code for one in world.read().reasons} == {"mount.unavailable"}
    assert world.read().reasons != before


def _forecast(world: World) -> list[tuple[str, str]]:
    found = world.runtime.run(world.runtime.api.maintenance.forecast_workers())
    return [(one.state, one.change) for one in found]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (_policy(READ), _policy(READ), ("created", "unchanged")),
        (_policy(READ), _policy(), ("created", "held")),
        (_policy(READ), _policy(on_narrowing="stop"), ("created", "stopped")),
        (_policy(READ), _policy(on_narrowing="narrow"), ("created", "narrowed")),
        (_policy(), _policy(), ("held", "unchanged")),
        (_policy(), _policy(READ), ("held", "freed")),
        (_policy(), _policy(on_narrowing="narrow"), ("held", "freed_narrowed")),
        (_policy(on_narrowing="narrow"), _policy(on_narrowing="narrow"), ("created", "unchanged")),
        (_policy(on_narrowing="narrow"), _policy(READ), ("created", "restored")),
        (_policy(on_narrowing="narrow"), _policy(), ("created", "held")),
    ],
)
def test_what_would_become_of_a_worker_is_said_and_not_done(
    world: World, before: HostPolicy, now: HostPolicy, expected: tuple[str, str]
) -> None:
    world.host.policy = before
    world.look()
    read, spec = world.read(), world.runtime.run(world.runtime.api.get_worker_spec(CALLER, world.worker.id))
    world.host.policy = now
    assert _forecast(world) == [expected]
    assert world.read() == read
    assert world.runtime.run(world.runtime.api.get_worker_spec(CALLER, world.worker.id)) == spec
    world.look()
    change = expected[1]
    assert world.read().state == {"held": "held", "stopped": "stopped"}.get(
        change, "created" if change != "unchanged" else read.state
    ), "as it was foretold"


def test_a_forecast_names_a_damaged_worker_and_holds_one_whose_policy_cannot_be_read(world: World) -> None:
    damaged = world.create("damaged")
    overwrite(
        world.runtime.directory, f"UPDATE worker_pins SET pins = X'00' WHERE worker_id = '{damaged.id}'"
    )
    world.host.fault = RuntimeUnavailableError("policy_invalid")
    assert _forecast(world) == [("created", "held"), ("unknown", "unreadable")]


def test_nothing_is_computed_again_while_the_host_says_the_same(world: World) -> None:
    assert world.look() == ()
    world.host.policy = _policy(READ)
    assert world.look() == (), "another document that says the same"
    assert world.look() == ()


def test_on_narrowing_stop_ends_a_live_worker(world: World) -> None:
    world.host.policy = _policy(on_narrowing="stop")
    assert world.look() == (ChangedWorker(world.worker.id, "stopped"),)
    assert world.read().state == "stopped"
    assert world.read().reasons


def test_on_narrowing_narrow_leaves_a_live_worker_with_less_until_the_grant_returns(world: World) -> None:
    spec = world.runtime.api.get_worker_spec
    created = world.runtime.run(spec(CALLER, world.worker.id))
    world.host.policy = _policy(on_narrowing="narrow")
    assert world.look() == (ChangedWorker(world.worker.id, "narrowed"),)
    assert world.read().state == "created"
    assert b'"id":"file.read"' not in world.runtime.run(spec(CALLER, world.worker.id))
    world.host.policy = _policy(READ, on_narrowing="narrow")
    world.look()
    assert world.runtime.run(spec(CALLER, world.worker.id)) == created


def test_a_worker_held_before_is_freed_narrowed_when_policy_says_narrow(world: World) -> None:
    world.host.policy = _policy()
    world.look()
    world.host.policy = _policy(on_narrowing="narrow")
    assert world.look() == (ChangedWorker(world.worker.id, "narrowed"),)
    assert world.read().state == "created"


def test_a_mount_that_goes_and_returns_holds_and_frees(world: World) -> None:
    del world.host.mounts["workspace"]
    assert world.look(facts=False) == (), "policy is the same"
    assert world.look(packages=False) == (ChangedWorker(world.worker.id, "held"),)
    world.host.mounts["workspace"] = "ro"
    assert world.look(packages=False) == (ChangedWorker(world.worker.id, "restored"),)


def test_a_worker_that_another_process_made_under_the_former_policy_is_found(world: World) -> None:
    late = world.create("late")
    world.host.policy = _policy()
    assert {one.id: one.outcome for one in world.look()} == {world.worker.id: "held", late.id: "held"}


def test_a_policy_that_cannot_be_read_holds_everything_and_stops_nothing(world: World) -> None:
    world.host.policy = _policy(READ, on_narrowing="stop")
    world.look()
    world.host.fault = RuntimeUnavailableError("policy_invalid")
    assert world.look() == (ChangedWorker(world.worker.id, "held"),)
    assert world.look() == ()
    assert [one.code for one in world.read().reasons] == ["runtime.unavailable"]
    world.host.fault = None
    assert world.look() == (ChangedWorker(world.worker.id, "restored"),)


def test_an_unforeseen_fault_of_the_host_holds_a_worker_once_and_frees_it_when_it_is_gone(
    world: World,
) -> None:
    world.host.fault = RuntimeError("unforeseen")
    assert world.look(facts=False, packages=False) == (ChangedWorker(world.worker.id, "held"),)
    assert [(world.read().state, one.code) for one in world.read().reasons] == [("held", "internal")]
    assert world.look() == (), "one that goes on is reported once"
    world.host.fault = None
    assert world.look() == (ChangedWorker(world.worker.id, "restored"),)
    assert (world.read().state, world.read().reasons) == ("created", ())


def test_a_worker_whose_bundle_was_damaged_is_freed_when_the_bundle_is_put_again(world: World) -> None:
    world.runtime.api.close()
    overwrite(world.runtime.directory, "UPDATE manifest SET bytes = X'00'")
    world.runtime.restart()
    rights = world.runtime.api.maintenance.live_rights
    world.runtime.run(rights.check())
    assert [one.code for one in world.read().reasons] == ["bundle.corrupt"]
    store_bundle(world.runtime, CALLER, world.bundle)
    assert world.runtime.run(rights.check()) == (ChangedWorker(world.worker.id, "restored"),)


def test_workers_of_other_workspaces_stay_as_they_are(world: World) -> None:
    world.host.policies["main", "museum"] = _policy(READ)
    other = build_small_bundle(workspace="museum")
    museum = build_caller("museum")
    store_bundle(world.runtime, museum, other)
    kept = create_worker(world.runtime, museum, other)
    world.look()
    world.host.policies["main", "library"] = _policy()
    assert world.look() == (ChangedWorker(world.worker.id, "held"),)
    assert world.runtime.run(world.runtime.api.get_worker(museum, kept.id)).state == "created"


def test_a_damaged_worker_keeps_no_other_from_being_held(world: World) -> None:
    damaged = world.create("damaged")
    overwrite(
        world.runtime.directory,
        f"UPDATE worker_pins SET pins = X'00' WHERE worker_id = '{damaged.id}'",
    )
    world.host.policy = _policy()
    assert world.look() == (ChangedWorker(world.worker.id, "held"),)


def _write(path: Path, rules: str) -> None:
    written = path.with_suffix(".new")
    written.write_text(
        f'version = 1\n[[workspace]]\nissuer = "main"\nid = "library"\n'
        f'mounts.workspace = {{ path = ".", access = "ro" }}\n[workspace.tools]\nrules = [{rules}]\n',
        encoding="utf-8",
    )
    with written.open("rb") as file:
        os.fsync(file.fileno())
    written.replace(path)


async def _wait_for(runtime: EmbeddedRuntime, workers: list[str], state: str) -> None:
    async with asyncio.timeout(60):
        for worker in workers:
            while (found := await runtime.get_worker(CALLER, worker)).state != state:
                assert not is_terminal(found.state)
                await asyncio.sleep(0.01)


def test_an_edited_policy_file_reaches_live_workers_both_ways(tmp_path: Path) -> None:
    policy = tmp_path / "host-policy.toml"
    _write(policy, '"allow file.read"')
    under_test = EmbeddedUnderTest(tmp_path / "data")
    under_test.api.close()
    host = LocalHost(policy, data_directory=tmp_path, environment={})
    under_test.host = host  # type: ignore[assignment]
    under_test.restart()
    bundle = build_small_bundle()
    store_bundle(under_test, CALLER, bundle)
    workers = [create_worker(under_test, CALLER, bundle, key=f"w{one}").id for one in range(3)]

    async def change() -> None:
        watch = asyncio.create_task(under_test.api.watch_live_rights(LOG))
        for _ in range(2):
            _write(policy, "")
            await _wait_for(under_test.api, workers, "held")
            _write(policy, '"allow file.read"')
            await _wait_for(under_test.api, workers, "created")
        _write(policy, '"no rule')
        await _wait_for(under_test.api, workers, "held")
        watch.cancel()

    under_test.run(change())
    under_test.close()
