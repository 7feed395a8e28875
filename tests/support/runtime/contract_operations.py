"""Every operation of a Runtime, asked in a way that may be asked again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.runtime_under_test import create_worker, put_manifest, store_bundle
from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.bundles import ManifestBody, StagedOutcome
from worker_runtime.contract.caller import Caller, Scope
from worker_runtime.contract.workers import CreateWorkerRequest, PreviewRequest
from worker_runtime.store.approvals import ApprovalBody, insert_approval
from worker_runtime.sync.transfer.pack import write_pack
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput, WorkerRequest

ToStranger: TypeAlias = Literal["everybody", "empty", "nothing", "missing", "not_found", "forbidden", "lease"]
APPROVAL = "a1"


@dataclass(frozen=True)
class World:
    """A Runtime with something of each kind in it.

    Attributes:
        bundle: Stored, assigned with generation 1, and pinned by `worker`.
        free: Stored; nothing keeps it.
        staged: Waits for a blob under `lease`.
        worker: Lives, with a call that waits for a word.
        ended: Has been stopped.
    """

    bundle: SmallBundle
    free: SmallBundle
    lease: str
    worker: str
    ended: str

    @property
    def request(self) -> WorkerRequest:
        return WorkerRequest(selector="default", bundle_digest=self.bundle.digest)

    @property
    def assignment(self) -> AssignmentRequest:
        return AssignmentRequest(digest=self.bundle.digest, revision=1, generation=1)


def build_world(runtime: ContractRuntime) -> World:
    """Fill a Runtime through its own surface; only a call that waits has to be put there by hand."""
    caller = runtime.build_caller()
    bundle, free, waiting = (
        build_small_bundle(prompts={"p": text}) for text in (b"kept\n", b"free\n", b"waiting\n")
    )
    store_bundle(runtime, caller, bundle)
    store_bundle(runtime, caller, free)
    staged = put_manifest(runtime, caller, waiting)
    assert isinstance(staged, StagedOutcome)
    worker = create_worker(runtime, caller, bundle)
    ended = create_worker(runtime, caller, bundle, key="ended")
    runtime.run(runtime.api.stop_worker(caller, ended.id))
    with runtime.embedded._context.database.write() as connection:
        number = connection.execute("SELECT number FROM worker WHERE id = ?", (worker.id,)).get
        body = ApprovalBody(tool="shell.run", summary="git push")
        insert_approval(connection, number, APPROVAL, body, now=runtime.clock.now())
    world = World(bundle=bundle, free=free, lease=staged.lease.id, worker=worker.id, ended=ended.id)
    runtime.run(runtime.api.put_assignment(caller, "library", world.assignment))
    return world


@dataclass(frozen=True)
class Operation:
    """One method of `RuntimeApi`.

    Attributes:
        scope: What the caller's token has to name.
        stranger: What a caller of another workspace gets.
        repeatable: Whether the same again gives the same value.
    """

    name: str
    scope: Scope
    stranger: ToStranger
    ask: Callable[[RuntimeApi, Caller, World], Awaitable[Any]]
    repeatable: bool = True


def _put_bundle(api: RuntimeApi, caller: Caller, world: World) -> Awaitable[Any]:
    bundle = world.bundle
    return api.put_bundle(caller, bundle.digest, bundle.metadata, ManifestBody(content=bundle.manifest))


def _create_worker(api: RuntimeApi, caller: Caller, world: World) -> Awaitable[Any]:
    wanted = CreateWorkerRequest(workspace="library", key="first", request=world.request)
    return api.create_worker(caller, wanted)


def _resolve_worker(api: RuntimeApi, caller: Caller, world: World) -> Awaitable[Any]:
    return api.resolve_worker(caller, PreviewRequest(workspace="library", request=world.request))


def _decide(api: RuntimeApi, caller: Caller, world: World) -> Awaitable[Any]:
    return api.decide_worker_approval(caller, world.worker, APPROVAL, ApprovalDecision(verdict="allow"))


def _say(api: RuntimeApi, caller: Caller, world: World) -> Awaitable[Any]:
    return api.send_worker_input(caller, world.worker, WorkerInput(text="hello"))


READ: Scope = "bundles:read"
WRITE: Scope = "bundles:write"
LOOK: Scope = "runtime:read"
CONTROL: Scope = "workers:control"

OPERATIONS: tuple[Operation, ...] = (
    Operation("get_runtime", LOOK, "everybody", lambda api, who, _: api.get_runtime(who)),
    Operation("list_bundles", READ, "empty", lambda api, who, _: api.list_bundles(who)),
    Operation("get_bundle", READ, "missing", lambda api, who, it: api.get_bundle(who, it.bundle.digest)),
    Operation("head_bundle", READ, "missing", lambda api, who, it: api.head_bundle(who, it.bundle.digest)),
    Operation(
        "get_bundle_status",
        READ,
        "missing",
        lambda api, who, it: api.get_bundle_status(who, it.bundle.digest),
    ),
    Operation(
        "get_blob",
        READ,
        "missing",
        lambda api, who, it: api.get_blob(who, it.bundle.digest, min(it.bundle.blobs)),
    ),
    Operation("put_bundle", WRITE, "forbidden", _put_bundle),
    Operation("put_pack", WRITE, "lease", lambda api, who, it: api.put_pack(who, it.lease, write_pack([]))),
    Operation("get_assignment", READ, "forbidden", lambda api, who, _: api.get_assignment(who, "library")),
    Operation(
        "put_assignment",
        WRITE,
        "forbidden",
        lambda api, who, it: api.put_assignment(who, "library", it.assignment),
    ),
    Operation(
        "delete_assignment",
        WRITE,
        "forbidden",
        lambda api, who, _: api.delete_assignment(who, "library", 2),
    ),
    Operation("resolve_worker", LOOK, "forbidden", _resolve_worker),
    Operation("list_workers", LOOK, "empty", lambda api, who, _: api.list_workers(who)),
    Operation("get_worker", LOOK, "not_found", lambda api, who, it: api.get_worker(who, it.worker)),
    Operation("create_worker", "workers:create", "forbidden", _create_worker),
    Operation("get_worker_spec", LOOK, "not_found", lambda api, who, it: api.get_worker_spec(who, it.worker)),
    Operation(
        "get_worker_rights",
        LOOK,
        "not_found",
        lambda api, who, it: api.get_worker_rights(who, it.worker),
    ),
    Operation(
        "get_worker_explanation",
        LOOK,
        "not_found",
        lambda api, who, it: api.get_worker_explanation(who, it.worker),
    ),
    Operation(
        "list_worker_events", LOOK, "not_found", lambda api, who, it: api.list_worker_events(who, it.worker)
    ),
    Operation("send_worker_input", CONTROL, "not_found", _say, repeatable=False),
    Operation(
        "list_worker_approvals",
        LOOK,
        "not_found",
        lambda api, who, it: api.list_worker_approvals(who, it.worker),
    ),
    Operation("decide_worker_approval", CONTROL, "not_found", _decide),
    Operation("stop_worker", CONTROL, "not_found", lambda api, who, it: api.stop_worker(who, it.worker)),
    Operation("cancel_worker", CONTROL, "not_found", lambda api, who, it: api.cancel_worker(who, it.ended)),
    Operation("delete_worker", CONTROL, "nothing", lambda api, who, it: api.delete_worker(who, it.ended)),
    Operation("delete_bundle", WRITE, "nothing", lambda api, who, it: api.delete_bundle(who, it.free.digest)),
)
