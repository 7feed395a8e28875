"""For every error code, a question whose answer is that error; and for those that no question leads to, the reason."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import zstandard

from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from support.bundles.small_bundles import SmallBundle, build_metadata, build_small_bundle
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.damaged_store import flip_bytes, overwrite
from support.runtime.fake_host import FakeHost
from support.runtime.resolution_world import (
    PACKAGE,
    PACKAGE_DIGEST,
    TEXT,
    make_host_policy,
    make_manifest,
    make_server,
    require_all,
)
from support.runtime.runtime_under_test import create_worker, put_manifest, store_bundle
from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.bundles import ManifestBody
from worker_runtime.contract.workers import CreateWorkerRequest
from worker_runtime.host.facts import PackageFact
from worker_runtime.host.plugin_packages import verify_plugin_package
from worker_runtime.host.policy import HostPolicy
from worker_runtime.store.schema import SCHEMA_VERSION
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from worker_runtime.sync.transfer.pack import write_pack
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.manifest import Argument
from yoi_bundle.manifest.values import LiteralValue
from yoi_wire.worker_requests import Intent, WorkerInput, WorkerRequest

Question = Callable[[RuntimeApi], Awaitable[Any]]
NOWHERE = f"sha256:{'0' * 64}"


class Case(NamedTuple):
    """A prepared Runtime's question, and the details that its error must have; None where faults are listed."""

    question: Question
    details: Mapping[str, Any] | None


def _put(runtime: ContractRuntime, data: bytes) -> Question:
    caller, digest = runtime.build_caller(), compute_digest(data)
    metadata = build_metadata("library", digest)
    return lambda api: api.put_bundle(caller, digest, metadata, ManifestBody(content=data))


def _put_changed(runtime: ContractRuntime, **fields: Any) -> Question:
    """Put a small bundle's manifest with some members replaced."""
    document = {**json.loads(build_small_bundle().manifest), **fields}
    return _put(runtime, json.dumps(document, sort_keys=True, separators=(",", ":")).encode())


def _create(
    runtime: ContractRuntime,
    bundle: SmallBundle | None,
    *,
    key: str = "k",
    selector: str = "default",
    **more: Any,
) -> Question:
    digest = None if bundle is None else bundle.digest
    request = WorkerRequest(selector=selector, bundle_digest=digest, **more)
    caller = runtime.build_caller()
    wanted = CreateWorkerRequest(workspace="library", key=key, request=request)
    return lambda api: api.create_worker(caller, wanted)


def _store(runtime: ContractRuntime, **parts: Any) -> SmallBundle:
    bundle = build_small_bundle(**parts)
    store_bundle(runtime, runtime.build_caller(), bundle)
    return bundle


def _assign(runtime: ContractRuntime, digest: str, generation: int) -> Question:
    caller = runtime.build_caller()
    request = AssignmentRequest(digest=digest, revision=1, generation=generation)
    return lambda api: api.put_assignment(caller, "library", request)


def _missing(runtime: ContractRuntime) -> Case:
    caller = runtime.build_caller()
    return Case(lambda api: api.get_bundle(caller, NOWHERE), {"digest": NOWHERE})


def _mismatch(runtime: ContractRuntime) -> Case:
    caller, bundle = runtime.build_caller(), build_small_bundle()
    metadata, body = build_metadata("library", NOWHERE), ManifestBody(content=bundle.manifest)
    return Case(
        lambda api: api.put_bundle(caller, NOWHERE, metadata, body),
        {"claimed": NOWHERE, "computed": bundle.digest},
    )


def _not_canonical(runtime: ContractRuntime) -> Case:
    data = build_small_bundle().manifest.replace(b",", b", ", 1)
    return Case(_put(runtime, data), None)


def _base_missing(runtime: ContractRuntime) -> Case:
    caller, base, edited = (
        runtime.build_caller(),
        build_small_bundle(),
        build_small_bundle(prompts={"p": b"x"}),
    )
    body = encode_manifest(edited.manifest, "dcz", base=base.manifest)
    return Case(
        lambda api: api.put_bundle(caller, edited.digest, edited.metadata, body), {"base": base.digest}
    )


def _corrupt(runtime: ContractRuntime) -> Case:
    caller, bundle = runtime.build_caller(), _store(runtime)
    runtime.reopen(lambda directory: flip_bytes(directory, b'"greeting"'))
    return Case(
        lambda api: api.get_bundle(caller, bundle.digest),
        {"digest": bundle.digest, "damaged": [bundle.digest]},
    )


def _in_use(runtime: ContractRuntime) -> Case:
    caller, bundle = runtime.build_caller(), _store(runtime)
    worker = create_worker(runtime, caller, bundle)
    return Case(
        lambda api: api.delete_bundle(caller, bundle.digest),
        {"digest": bundle.digest, "assigned": False, "workers": [worker.id]},
    )


def _required(runtime: ContractRuntime) -> Case:
    runtime.host.policy = HostPolicy(bundle_required="always")
    return Case(
        _create(runtime, None),
        {"selector": "default", "why": "host policy asks for a bundle always"},
    )


def _unassigned(runtime: ContractRuntime) -> Case:
    bundle = _store(runtime)
    runtime.host.policy = HostPolicy(assigned_only=True)
    return Case(_create(runtime, bundle), {"digest": bundle.digest, "assigned": None})


def _secret(runtime: ContractRuntime) -> Case:
    project = {"description": f"Use {make_token(TOKEN_KINDS[0])} here.", "title": "Library"}
    return Case(_put_changed(runtime, project=project), None)


def _host_value(runtime: ContractRuntime) -> Case:
    place = Argument(value=LiteralValue(value="/" + "etc/issues.toml"))
    manifest = make_manifest(tools={"mcp:issues": make_server(args=(place,))})
    return Case(_put(runtime, encode_canonical(manifest)), None)


def _hidden(runtime: ContractRuntime) -> Case:
    document = {**json.loads(build_small_bundle().manifest), "project": {"title": "Li\u202ebrary"}}
    data = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return Case(_put(runtime, data), None)


def _limit(runtime: ContractRuntime) -> Case:
    caller, bound = runtime.build_caller(), DEFAULT_LIMITS.manifest_bytes
    body = ManifestBody(content=zstandard.compress(b" " * (bound + 1)), encoding="zstd")
    metadata = build_metadata("library", NOWHERE)
    return Case(lambda api: api.put_bundle(caller, NOWHERE, metadata, body), None)


def _lease(runtime: ContractRuntime) -> Case:
    caller, lease = runtime.build_caller(), "0" * 32
    return Case(lambda api: api.put_pack(caller, lease, write_pack([])), {"lease": lease})


def _stale(runtime: ContractRuntime) -> Case:
    bundle = _store(runtime)
    runtime.run(_assign(runtime, bundle.digest, 3)(runtime.api))
    return Case(_assign(runtime, bundle.digest, 2), {"workspace": "library", "generation": 2, "current": 3})


def _conflict(runtime: ContractRuntime) -> Case:
    bundle, other = _store(runtime), _store(runtime, prompts={"p": b"other"})
    runtime.run(_assign(runtime, bundle.digest, 3)(runtime.api))
    return Case(
        _assign(runtime, other.digest, 3),
        {"workspace": "library", "generation": 3, "assigned": bundle.digest},
    )


def _selector(runtime: ContractRuntime) -> Case:
    return Case(_create(runtime, _store(runtime), selector="reviewer"), {"selector": "reviewer"})


def _profile(runtime: ContractRuntime) -> Case:
    question = _create(runtime, _store(runtime), selector="workspace:reviewers")
    return Case(
        question,
        {"selector": "workspace:reviewers", "source": "bundle"},
    )


def _refused(runtime: ContractRuntime) -> Case:
    intent = Intent(requires=frozenset({"host:shell", "model:large"}))
    return Case(_create(runtime, _store(runtime), intent=intent), None)


def _no_worker(runtime: ContractRuntime) -> Case:
    caller = runtime.build_caller()
    return Case(lambda api: api.get_worker(caller, "w"), {"worker": "w"})


def _worker_conflict(runtime: ContractRuntime) -> Case:
    bundle = _store(runtime)
    worker = create_worker(runtime, runtime.build_caller(), bundle, key="k")
    question = _create(runtime, bundle, selector="workspace:reviewer")
    return Case(question, {"key": "k", "worker": worker.id})


def _invalid_state(runtime: ContractRuntime) -> Case:
    caller = runtime.build_caller()
    worker = create_worker(runtime, caller, _store(runtime)).id
    runtime.run(runtime.api.cancel_worker(caller, worker))
    return Case(
        lambda api: api.send_worker_input(caller, worker, WorkerInput(text="hello")),
        {"worker": worker, "state": "cancelled", "operation": "input"},
    )


def _forbidden(runtime: ContractRuntime) -> Case:
    caller = runtime.build_caller()
    return Case(lambda api: api.get_assignment(caller, "museum"), {"workspace": "museum"})


def _unavailable(runtime: ContractRuntime) -> Case:
    caller = runtime.build_caller()
    runtime.embedded.close()
    return Case(lambda api: api.list_workers(caller), {"reason": "closed"})


def _incompatible(runtime: ContractRuntime) -> Case:
    """A store that a newer program wrote."""
    caller, newer = runtime.build_caller(), SCHEMA_VERSION + 1
    runtime.reopen(lambda directory: overwrite(directory, f"PRAGMA user_version = {newer}"))
    return Case(
        lambda api: api.list_workers(caller), {"what": "schema", "ours": [SCHEMA_VERSION], "theirs": [newer]}
    )


def _overloaded(runtime: ContractRuntime) -> Case:
    caller = runtime.build_caller()
    for number in range(32):
        put_manifest(runtime, caller, build_small_bundle(prompts={"p": f"{number}".encode()}))
    return Case(_put(runtime, build_small_bundle().manifest), {"reason": "leases", "retry_after_seconds": 30})


def _store_corrupt(runtime: ContractRuntime) -> Case:
    caller = runtime.build_caller()
    worker = create_worker(runtime, caller, _store(runtime)).id
    runtime.reopen(lambda directory: overwrite(directory, "UPDATE worker SET key = 'another'"))
    return Case(lambda api: api.get_worker(caller, worker), {"what": "worker"})


def _request(runtime: ContractRuntime) -> Case:
    caller = runtime.build_caller()
    return Case(lambda api: api.list_workers(caller, limit=0), None)


ERROR_CASES: dict[str, Callable[[ContractRuntime], Case]] = {
    "bundle.missing": _missing,
    "bundle.digest_mismatch": _mismatch,
    "bundle.not_canonical": _not_canonical,
    "bundle.invalid": lambda runtime: Case(_put_changed(runtime, surprise=1), None),
    "bundle.base_missing": _base_missing,
    "bundle.corrupt": _corrupt,
    "bundle.in_use": _in_use,
    "bundle.required": _required,
    "bundle.unassigned": _unassigned,
    "bundle.secret_value": _secret,
    "bundle.host_value": _host_value,
    "bundle.hidden_text": _hidden,
    "bundle.unresolved_reference": lambda runtime: Case(
        _put_changed(runtime, default_profile="workspace:nobody"), None
    ),
    "schema.unsupported": lambda runtime: Case(
        _put_changed(runtime, schema_version=99), {"found": 99, "supported": [1]}
    ),
    "declaration.unsupported": lambda runtime: Case(
        _put_changed(runtime, tools={"mcp:a": {"kind": "telepathy"}}), None
    ),
    "limit.exceeded": _limit,
    "lease.expired": _lease,
    "assignment.stale": _stale,
    "assignment.conflict": _conflict,
    "profile.invalid_selector": _selector,
    "profile.not_found": _profile,
    "resolution.refused": _refused,
    "worker.not_found": _no_worker,
    "worker.conflict": _worker_conflict,
    "worker.invalid_state": _invalid_state,
    "auth.forbidden": _forbidden,
    "runtime.unavailable": _unavailable,
    "runtime.incompatible": _incompatible,
    "runtime.overloaded": _overloaded,
    "store.corrupt": _store_corrupt,
    "request.invalid": _request,
}

_TAKE_AWAY: dict[str, Callable[[FakeHost], None]] = {
    "capability.unavailable": lambda host: host.commands.clear(),
    "policy.denied": lambda host: setattr(host, "policy", make_host_policy(mounts={})),
    "secret.unavailable": lambda host: host.secrets.clear(),
    "mount.unavailable": lambda host: host.mounts.clear(),
    "model.unavailable": lambda host: setattr(host, "policy", make_host_policy(endpoints={})),
    "plugin.unavailable": lambda host: host.packages.clear(),
    "plugin.not_granted": lambda host: setattr(host, "policy", make_host_policy(plugins=())),
    "plugin.digest_mismatch": lambda host: host.packages.update(
        {PACKAGE_DIGEST: PackageFact(state="digest_mismatch")}
    ),
}


def _ask_for_a_feature(runtime: ContractRuntime) -> Question:
    """A bundle is taken all the same; the profile that needs what nobody has is refused."""
    document = json.loads(build_small_bundle().manifest)
    document["profiles"]["reviewer"]["features"] = {"thought.reading": {}}
    data = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return _create(runtime, _store_manifest(runtime, data, build_small_bundle().blobs))


def _store_manifest(runtime: ContractRuntime, data: bytes, blobs: dict[str, bytes]) -> SmallBundle:
    digest = compute_digest(data)
    metadata = build_metadata("library", digest)
    bundle = SmallBundle(digest=digest, manifest=data, metadata=metadata, blobs=blobs)
    store_bundle(runtime, runtime.build_caller(), bundle)
    return bundle


def build_refusal(runtime: ContractRuntime, code: str) -> Question:
    """Ask for a Worker that needs one thing of each kind, on a host that has and grants all but one."""
    if code == "feature.unsupported":
        return _ask_for_a_feature(runtime)
    host = runtime.host
    host.policy = make_host_policy()
    host.secrets.update(host.policy.secrets)
    host.mounts["workspace"] = "rw"
    host.commands.update({"issue-server", "sh", "bash"})
    host.packages[PACKAGE_DIGEST] = verify_plugin_package(PACKAGE, PACKAGE_DIGEST)
    _TAKE_AWAY[code](host)
    data = encode_canonical(require_all(make_manifest()))
    return _create(runtime, _store_manifest(runtime, data, {compute_digest(TEXT): TEXT}))


REFUSED_FOR = ("feature.unsupported", *_TAKE_AWAY)
"""The codes that stand in the details of a refused resolution."""

NO_QUESTION = {
    "bundle.blobs_missing": "a value of the contract, StagedOutcome; a problem on the wire alone",
    "auth.unauthenticated": "the library is given a caller that somebody has authenticated; test_rest_authentication.py",
    "internal": "a fault of the program, which no question should lead to; test_rest_server.py",
}
