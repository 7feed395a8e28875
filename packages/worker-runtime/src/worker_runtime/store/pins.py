"""Pins: what a Worker was created from, enough to resolve it again without Backend or network (W-02, W-04)."""

from typing import Literal

import msgspec
from msgspec import Struct

from worker_runtime.host.facts import HostFacts
from worker_runtime.host.policy import HostPolicy
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_wire.errors import StoreCorruptError
from yoi_wire.worker_requests import WorkerRequest


class WorkerPins(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The inputs of a resolution, as they were.

    Attributes:
        key: The idempotency key the Worker was created under.
        request: Selector, bundle digest and intent.
        builtin_digest: Of the built-in set, when there is no bundle.
        resolution_digest: What resolving these inputs gave.
    """

    issuer: str
    workspace: str
    key: str
    caller_kind: Literal["local", "remote"]
    request: WorkerRequest
    policy: HostPolicy
    facts: HostFacts
    resolver_version: str
    resolution_digest: str
    builtin_digest: str | None = None


def encode_pins(pins: WorkerPins) -> bytes:
    return encode_canonical(pins)


def decode_pins(data: bytes) -> WorkerPins:
    """Read pins that `encode_pins` wrote.

    Raises:
        StoreCorruptError: They are none.
    """
    try:
        return msgspec.json.decode(data, type=WorkerPins)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise StoreCorruptError("worker_pins") from error


def compute_fingerprint(request: WorkerRequest) -> str:
    """Return what tells one request from another under one key: selector, digest and intent (W-01)."""
    return compute_digest(encode_canonical(request))
