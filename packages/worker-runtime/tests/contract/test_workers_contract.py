"""Workers as durable records: created once, pinned, moved along one table of states (W-01 to W-03)."""

import msgspec
import pytest

from support.bundles.small_bundles import build_small_bundle
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.rebuilt_spec import rebuild_spec
from support.runtime.runtime_under_test import build_caller, create_worker, put_manifest, store_bundle
from worker_runtime.contract.bundles import StoredOutcome
from worker_runtime.contract.workers import CreateWorkerRequest, PreviewRequest
from worker_runtime.host.policy import HostPolicy
from worker_runtime.resolution.errors import (
    BundleRequiredError,
    InvalidSelectorError,
    ProfileNotFoundError,
    ResolutionRefusedError,
)
from worker_runtime.resolution.rights import WorkerRights
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.manifest import Effect, GlobMatch, Match, PathMatch, Policy, Rule, compute_rule_id
from yoi_wire.errors import (
    BundleMissingError,
    ForbiddenError,
    RequestInvalidError,
    WorkerConflictError,
    WorkerInvalidStateError,
    WorkerNotFoundError,
)
from yoi_wire.worker_requests import ApprovalDecision, Intent, Narrowing, WorkerInput, WorkerRequest


@pytest.mark.req("W-01")
def test_the_same_request_under_a_key_gives_the_same_worker(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    first = create_worker(runtime, caller, bundle)
    runtime.clock.advance(minutes=1)
    assert create_worker(runtime, caller, bundle) == first
    assert create_worker(runtime, caller, bundle, key="second").id != first.id
    assert len(runtime.run(runtime.api.list_worker_events(caller, first.id)).events) == 1


@pytest.mark.req("W-01")
@pytest.mark.parametrize("difference", ["selector", "digest", "intent"])
def test_other_content_under_the_key_is_a_conflict(runtime: ContractRuntime, difference: str) -> None:
    caller = runtime.build_caller()
    bundle, other = build_small_bundle(), build_small_bundle(prompts={"p": b"other\n"})
    store_bundle(runtime, caller, bundle)
    store_bundle(runtime, caller, other)
    first = create_worker(runtime, caller, bundle)
    request = {
        "selector": WorkerRequest(selector="workspace:reviewer", bundle_digest=bundle.digest),
        "digest": WorkerRequest(selector="default", bundle_digest=other.digest),
        "intent": WorkerRequest(
            selector="default", bundle_digest=bundle.digest, intent=Intent(task="another")
        ),
    }[difference]
    with pytest.raises(WorkerConflictError) as caught:
        create_worker(runtime, caller, bundle, request=request)
    assert caught.value.details() == {"key": "first", "worker": first.id}


@pytest.mark.req("S-11")
@pytest.mark.parametrize(
    ("tool", "where"),
    [
        ("shell.run", GlobMatch(argument="cmd", pattern="rm *")),
        ("file.*", PathMatch(argument="paths", pattern=".env")),
        ("web.fetch", PathMatch(argument="url", pattern="secret/**")),
        ("file.read", PathMatch(argument="path", pattern="a/../b")),
    ],
)
@pytest.mark.parametrize("effect", ["deny", "ask", "allow"])
def test_an_intent_with_a_rule_that_can_never_match_is_refused_where_it_stands(
    runtime: ContractRuntime, tool: str, where: Match, effect: Effect
) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    create_worker(runtime, caller, bundle, key="known-plan")
    rule = Rule(effect=effect, tool=tool, where=where)
    policy = Policy(default="allow", rules={compute_rule_id(rule): rule})
    request = WorkerRequest(
        selector="default",
        bundle_digest=bundle.digest,
        intent=Intent(narrowing=Narrowing(policy=policy)),
    )
    with pytest.raises(RequestInvalidError) as caught:
        create_worker(runtime, caller, bundle, request=request)
    assert caught.value.details()["field"] == f"/intent/narrowing/policy/rules/{compute_rule_id(rule)}"
    for every_profile in (False, True):
        wanted = PreviewRequest(
            workspace=bundle.metadata.workspace, request=request, every_profile=every_profile
        )
        with pytest.raises(RequestInvalidError):
            runtime.run(runtime.api.resolve_worker(caller, wanted))


@pytest.mark.req("W-01")
def test_the_same_worker_comes_back_even_when_policy_would_refuse_it_now(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    first = create_worker(runtime, caller, bundle)
    runtime.host.policy = HostPolicy(assigned_only=True)
    assert create_worker(runtime, caller, bundle) == first


@pytest.mark.req("W-01", "S-09")
def test_a_refused_create_leaves_nothing(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    needs = Intent(requires=frozenset({"host:shell", "tool:file.read"}))
    request = WorkerRequest(selector="default", bundle_digest=bundle.digest, intent=needs)
    with pytest.raises(ResolutionRefusedError) as caught:
        create_worker(runtime, caller, bundle, request=request)
    assert len(caught.value.reasons) >= 2
    assert runtime.run(runtime.api.list_workers(caller)).items == ()
    status = runtime.run(runtime.api.get_bundle_status(caller, bundle.digest))
    assert (status.workers, status.leased) == ((), True)
    assert isinstance(put_manifest(runtime, caller, bundle), StoredOutcome)
    create_worker(runtime, caller, bundle)


@pytest.mark.parametrize(
    ("selector", "error"),
    [
        ("reviewer", InvalidSelectorError),
        ("workspace:nobody", ProfileNotFoundError),
        ("builtin:coder", ProfileNotFoundError),
    ],
)
@pytest.mark.req("S-07")
def test_a_selector_that_leads_nowhere_in_the_bundle_creates_nothing(
    runtime: ContractRuntime, selector: str, error: type[Exception]
) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    with pytest.raises(error):
        create_worker(
            runtime,
            caller,
            bundle,
            request=WorkerRequest(selector=selector, bundle_digest=bundle.digest),
        )
    assert runtime.run(runtime.api.list_workers(caller)).items == ()


@pytest.mark.req("S-07")
def test_a_remote_caller_needs_a_bundle_by_default(runtime: ContractRuntime) -> None:
    bundle = build_small_bundle()
    with pytest.raises(BundleRequiredError):
        create_worker(
            runtime, build_caller(kind="remote"), bundle, request=WorkerRequest(selector="builtin:coder")
        )


def test_a_bundle_that_is_not_held_creates_nothing(runtime: ContractRuntime) -> None:
    with pytest.raises(BundleMissingError):
        create_worker(runtime, runtime.build_caller(), build_small_bundle())


@pytest.mark.req("W-02", "S-03")
def test_a_workers_spec_is_what_its_explanation_gives(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    worker = create_worker(runtime, caller, bundle)
    spec = runtime.run(runtime.api.get_worker_spec(caller, worker.id))
    explanation = runtime.run(runtime.api.get_worker_explanation(caller, worker.id))
    assert encode_canonical(rebuild_spec(explanation)) == spec
    assert explanation.resolution_digest == worker.resolution_digest
    preview = PreviewRequest(
        workspace="library", request=WorkerRequest(selector="default", bundle_digest=bundle.digest)
    )
    assert runtime.run(runtime.api.resolve_worker(caller, preview)) == (explanation,)


@pytest.mark.req("X-13", "W-06")
def test_rights_are_what_is_left_now_and_say_where_the_rest_was_taken_away(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    rule = Rule(effect="allow", tool="file.read")
    allowed = HostPolicy(tools=Policy(rules={compute_rule_id(rule): rule}), mounts={"workspace": "ro"})
    runtime.host.policy = allowed
    runtime.host.mounts["workspace"] = "ro"
    store_bundle(runtime, caller, bundle)
    worker = create_worker(runtime, caller, bundle)
    explanation = runtime.run(runtime.api.get_worker_explanation(caller, worker.id))
    whole = WorkerRights(worker=worker.id, state="created", now=explanation, created=explanation)
    assert runtime.run(runtime.api.get_worker_rights(caller, worker.id)) == whole
    runtime.host.policy = HostPolicy(mounts={"workspace": "ro"})
    rights = runtime.run(runtime.api.get_worker_rights(caller, worker.id))
    assert rights.created == explanation
    left = {(one.kind, one.id): one.outcome for one in rights.now.decisions}
    assert left["tool", "file.read"] == "denied"
    assert left["mount", "workspace"] == "granted"
    tool = next(one for one in rights.lost if one.kind == "tool")
    assert (tool.code, tool.id, tool.layer, tool.pointer) == (
        "policy.denied",
        "file.read",
        "host_policy",
        "/tools/default",
    )
    runtime.host.policy = allowed
    assert runtime.run(runtime.api.get_worker_rights(caller, worker.id)) == whole
    runtime.run(runtime.api.stop_worker(caller, worker.id))
    runtime.host.policy = HostPolicy()
    ended = runtime.run(runtime.api.get_worker_rights(caller, worker.id))
    assert (ended.state, ended.now, ended.lost) == ("stopped", explanation, ())


@pytest.mark.req("W-02")
def test_new_config_reaches_new_workers_only(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    old, new = build_small_bundle(), build_small_bundle(prompts={"p": b"new\n"})
    store_bundle(runtime, caller, old)
    worker = create_worker(runtime, caller, old)
    spec = runtime.run(runtime.api.get_worker_spec(caller, worker.id))
    store_bundle(runtime, caller, new)
    create_worker(runtime, caller, new, key="second")
    assert runtime.run(runtime.api.get_worker(caller, worker.id)).bundle_digest == old.digest
    assert runtime.run(runtime.api.get_worker_spec(caller, worker.id)) == spec


@pytest.mark.req("W-02")
def test_workers_come_back_after_a_restart(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    worker = create_worker(runtime, caller, bundle)
    spec = runtime.run(runtime.api.get_worker_spec(caller, worker.id))
    runtime.restart()
    assert runtime.run(runtime.api.get_worker(caller, worker.id)) == worker
    assert runtime.run(runtime.api.get_worker_spec(caller, worker.id)) == spec


@pytest.mark.req("S-08")
def test_preview_stores_nothing(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    needs = Intent(requires=frozenset({"host:shell"}))
    request = WorkerRequest(selector="default", bundle_digest=bundle.digest, intent=needs)
    wanted = PreviewRequest(workspace="library", request=request, every_profile=True)
    (explanation,) = runtime.run(runtime.api.resolve_worker(caller, wanted))
    assert explanation.refused
    assert runtime.run(runtime.api.list_workers(caller)).items == ()
    runtime.host.policy = HostPolicy(bundle_required="never")
    builtin = PreviewRequest(
        workspace="library", request=WorkerRequest(selector="default"), every_profile=True
    )
    assert len(runtime.run(runtime.api.resolve_worker(caller, builtin))) == 5


@pytest.mark.req("W-03")
def test_the_first_terminal_state_wins(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    worker = create_worker(runtime, caller, bundle)
    runtime.clock.advance(minutes=1)
    cancelled = runtime.run(runtime.api.cancel_worker(caller, worker.id))
    assert cancelled.state == "cancelled"
    assert cancelled.ended_at == cancelled.changed_at
    runtime.clock.advance(minutes=1)
    for end in (runtime.api.stop_worker, runtime.api.cancel_worker):
        assert runtime.run(end(caller, worker.id)) == cancelled
    with pytest.raises(WorkerInvalidStateError) as caught:
        runtime.run(runtime.api.send_worker_input(caller, worker.id, WorkerInput(text="hello")))
    assert caught.value.details() == {"worker": worker.id, "state": "cancelled", "operation": "input"}


@pytest.mark.req("W-03")
def test_events_are_in_order_and_can_be_read_on(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    worker = create_worker(runtime, caller, bundle)
    for number in range(5):
        runtime.run(runtime.api.send_worker_input(caller, worker.id, WorkerInput(text=f"{number}")))
    runtime.run(runtime.api.stop_worker(caller, worker.id))
    everything = runtime.run(runtime.api.list_worker_events(caller, worker.id))
    assert [event.sequence for event in everything.events] == [1, 2, 3, 4, 5, 6, 7]
    assert [event.kind for event in everything.events] == ["created", *["input"] * 5, "state"]
    assert everything.events[-1].body["to"] == "stopped"
    assert (everything.last, everything.more) == (7, False)
    runtime.restart()
    read: list[msgspec.Struct] = []
    after, more = 0, True
    while more:
        page = runtime.run(runtime.api.list_worker_events(caller, worker.id, after=after, limit=3))
        read += page.events
        after, more = page.last, page.more
    assert tuple(read) == everything.events


@pytest.mark.req("W-03")
def test_only_an_ended_worker_can_be_deleted_and_its_key_is_free_then(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    worker = create_worker(runtime, caller, bundle)
    with pytest.raises(WorkerInvalidStateError):
        runtime.run(runtime.api.delete_worker(caller, worker.id))
    runtime.run(runtime.api.stop_worker(caller, worker.id))
    for _ in range(2):
        runtime.run(runtime.api.delete_worker(caller, worker.id))
    with pytest.raises(WorkerNotFoundError):
        runtime.run(runtime.api.get_worker(caller, worker.id))
    assert create_worker(runtime, caller, bundle).id != worker.id


def test_an_unknown_worker_is_not_found_by_any_operation(runtime: ContractRuntime) -> None:
    caller, name = runtime.build_caller(), "0" * 32
    verdict = ApprovalDecision(verdict="allow")
    for operation in (
        runtime.api.get_worker(caller, name),
        runtime.api.get_worker_spec(caller, name),
        runtime.api.get_worker_explanation(caller, name),
        runtime.api.get_worker_rights(caller, name),
        runtime.api.list_worker_events(caller, name),
        runtime.api.send_worker_input(caller, name, WorkerInput(text="x")),
        runtime.api.stop_worker(caller, name),
        runtime.api.cancel_worker(caller, name),
        runtime.api.list_worker_approvals(caller, name),
        runtime.api.decide_worker_approval(caller, name, "1", verdict),
    ):
        with pytest.raises(WorkerNotFoundError) as caught:
            runtime.run(operation)
        assert caught.value.details() == {"worker": name}


def test_a_worker_for_a_workspace_of_another_is_forbidden(runtime: ContractRuntime) -> None:
    request = CreateWorkerRequest(
        workspace="museum", key="k", request=WorkerRequest(selector="builtin:coder")
    )
    with pytest.raises(ForbiddenError):
        runtime.run(runtime.api.create_worker(runtime.build_caller(), request))
