"""Request for a Worker: a selector, a bundle's digest, and the intent of the caller."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.digest import Digest
from yoi_bundle.identifiers import (
    HostPattern,
    ItemId,
    MetadataKey,
    MountName,
    SecretName,
    ToolPattern,
)
from yoi_bundle.manifest import Access, HostCapability, Policy, WorkerLimits
from yoi_bundle.manifest.canonical_struct import CanonicalStruct
from yoi_bundle.manifest.capabilities import NO_LIMITS

CapabilityText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1400)]
"""One required capability in the grammar of `worker_runtime.contract.capability`: `mount:docs:rw`, `host:shell`."""


class Narrowing(CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the caller wants a Worker to keep; it only ever takes away (S-02).

    Absent narrows nothing; an empty set means none.

    Attributes:
        tools: Patterns of tools to keep.
        mounts: Mounts to keep, each with the most access it may have.
        network: Host patterns to keep.
        limits: HttpLimits beside those of the other layers.
        policy: A layer of tool policy with a vote of its own.
    """

    tools: frozenset[ToolPattern] | None = None
    mounts: dict[MountName, Access] | None = None
    network: frozenset[HostPattern] | None = None
    secrets: frozenset[SecretName] | None = None
    host: frozenset[HostCapability] | None = None
    skills: frozenset[ItemId] | None = None
    limits: WorkerLimits = NO_LIMITS
    policy: Policy | None = None


NO_NARROWING = Narrowing()


class Intent(CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the caller wants of one Worker.

    Attributes:
        task: What the Worker shall do, in words.
        requires: Capabilities without which the Worker is refused (S-09).
    """

    task: Annotated[str, Meta(max_length=262_144)] = ""
    labels: dict[MetadataKey, Annotated[str, Meta(max_length=256)]] = {}
    requires: frozenset[CapabilityText] = frozenset()
    narrowing: Narrowing = NO_NARROWING


NO_INTENT = Intent()


class WorkerRequest(
    CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Selector, digest and intent; never a resolved spec (K-06).

    Attributes:
        selector: `builtin:NAME`, `workspace:NAME` or `default`; its grammar is checked by resolution.
        bundle_digest: The bundle that the selector is looked up in; absent for the built-in set.
    """

    selector: Annotated[str, Meta(max_length=1100)]
    bundle_digest: Digest | None = None
    intent: Intent = NO_INTENT


IdempotencyKey: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[!-~]+(?!\n)$")]


ApprovalVerdict: TypeAlias = Literal["allow", "deny"]


class WorkerInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something said to a Worker."""

    text: Annotated[str, Meta(min_length=1, max_length=262_144)]


class ApprovalDecision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's word on a call that waits for one."""

    verdict: ApprovalVerdict
