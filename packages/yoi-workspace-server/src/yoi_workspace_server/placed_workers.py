"""Placed Workers: which Runtime has one that the Backend created, and under which key (K-06)."""

from typing import Any

from msgspec import Struct

from yoi_wire.worker_requests import WorkerRequest


class LastAccepted(Struct, frozen=True, kw_only=True):
    """Why a Worker uses the last revision that its host accepted: the active one is rejected there (T-06).

    Attributes:
        revision: Which the Worker uses.
        rejected_revision: Which was active, like the next.
        code: Of the rejection, like the safe details after it.
    """

    revision: int
    rejected_revision: int
    rejected_digest: str
    code: str
    details: dict[str, Any]


class WorkerReservation(Struct, frozen=True, kw_only=True):
    """A Worker about to be created.

    Attributes:
        id: The Backend's id for it.
        key: The caller's; the same key in a workspace always stands for the same Worker.
        fingerprint: Of what was asked for; another one under the key is a conflict.
        request: What is sent to the Runtime, with the digest that was chosen.
        last_accepted: Why that is not the active one; None where it is, or where one was asked for.
    """

    id: str
    workspace: str
    key: str
    fingerprint: str
    runtime: str
    audience: str
    request: WorkerRequest
    last_accepted: LastAccepted | None = None


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
    last_accepted: LastAccepted | None = None
