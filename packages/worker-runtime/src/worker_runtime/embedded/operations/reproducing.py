"""Reproduction of a resolution from its pins, and comparison with what was stored (W-04)."""

import msgspec
from msgspec import Struct

from worker_runtime.contract.caller import ALL_SCOPES, Caller
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.loading import load_bundle
from worker_runtime.host.policy import HostPolicy
from worker_runtime.resolution.host_plan import HostPlan
from worker_runtime.resolution.resolve import compute_resolution, prepare_resolution
from worker_runtime.resolution.spec import ResolvedWorkerSpec
from worker_runtime.resolution.spec_diff import SpecChange, compute_spec_diff
from worker_runtime.resolution.version import RESOLVER_VERSION
from worker_runtime.store.builtin_sets import get_builtin_set
from worker_runtime.store.workers import WorkerPins
from yoi_bundle.builtin import BuiltinSet


class Reproduction(Struct, frozen=True, kw_only=True):
    """A Worker resolved again.

    Attributes:
        stored_version: The resolver it was created by.
        resolver_version: The one it was resolved by just now.
        equal: Whether the specs are the same byte for byte.
        spec: What resolving gave, in canonical form.
        changes: What is different by meaning; empty when equal.
    """

    stored_version: str
    resolver_version: str
    equal: bool
    spec: bytes
    changes: tuple[SpecChange, ...]


def reproduce_spec(context: Context, pins: WorkerPins, stored_spec: bytes) -> Reproduction:
    """Resolve from the pins alone: pinned bundle or set, request, policy and facts; the stored spec is not an input.

    Raises:
        BundleMissingError, BundleCorruptError: The pinned bundle is gone, as after 30 days, or damaged.
        StoreCorruptError: The pinned built-in set is damaged.
    """
    plan = prepare_pinned(context, pins, pins.policy)
    spec = compute_resolution(plan, pins.facts, pins.request.intent).spec_bytes
    return Reproduction(
        stored_version=pins.resolver_version,
        resolver_version=RESOLVER_VERSION,
        equal=spec == stored_spec,
        spec=spec,
        changes=compute_spec_diff(decode_spec(stored_spec), decode_spec(spec)),
    )


def prepare_pinned(context: Context, pins: WorkerPins, policy: HostPolicy) -> HostPlan:
    """Prepare the pinned request under a policy, the pinned one or today's."""
    digest = pins.request.bundle_digest
    bundle = None if digest is None else load_bundle(context, act_for(pins), digest)
    return prepare_resolution(
        pins.request,
        bundle=bundle,
        builtin=_load_builtin(context, pins),
        policy=policy,
        caller_is_remote=pins.caller_kind == "remote",
    )


def act_for(pins: WorkerPins) -> Caller:
    """Return the caller that a Worker's record stands for, on its one workspace."""
    return Caller(
        kind=pins.caller_kind,
        issuer=pins.issuer,
        workspaces=frozenset({pins.workspace}),
        scopes=ALL_SCOPES,
    )


def decode_spec(data: bytes) -> ResolvedWorkerSpec:
    return msgspec.json.decode(data, type=ResolvedWorkerSpec)


def _load_builtin(context: Context, pins: WorkerPins) -> BuiltinSet:
    if pins.builtin_digest is None or pins.builtin_digest == context.builtin.digest:
        return context.builtin
    with context.database.read() as connection:
        return get_builtin_set(connection, pins.builtin_digest)
