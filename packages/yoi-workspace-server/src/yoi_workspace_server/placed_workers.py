"""Placed Workers: which Runtime has one that the Backend created, and under which key (K-06)."""

from msgspec import Struct

from yoi_wire.worker_requests import WorkerRequest


class WorkerReservation(Struct, frozen=True, kw_only=True):
    """A Worker about to be created.

    Attributes:
        id: The Backend's id for it.
        key: The caller's; the same key in a workspace always stands for the same Worker.
        fingerprint: Of what was asked for; another one under the key is a conflict.
        request: What is sent to the Runtime, with the digest that was chosen.
    """

    id: str
    workspace: str
    key: str
    fingerprint: str
    runtime: str
    audience: str
    request: WorkerRequest


class PlacedWorker(Struct, frozen=True, kw_only=True):
    """A Worker of the Backend's.

    Attributes:
        audience: Id of the Runtime that was chosen; its name may later stand for another one.
        runtime_worker: The Runtime's id for it; None until the Runtime has said that it made it.
    """

    id: str
    workspace: str
    key: str
    fingerprint: str
    runtime: str
    audience: str
    request: WorkerRequest
    runtime_worker: str | None
    created_at: str
