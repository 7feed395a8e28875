"""Problems of Runtimes as the Backend shows them (K-07)."""

from typing import Any

from msgspec import Struct


class ProblemView(Struct, frozen=True, kw_only=True):
    """A problem; see `yoi_workspace_server.runtimes.SafeProblem`."""

    code: str
    retryable: bool
    occurred_at: str
    details: dict[str, Any]
