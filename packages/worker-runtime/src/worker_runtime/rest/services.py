"""Services of the Runtime's handlers: the Runtime itself, and how its callers are known."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import Caller
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_wire.server.http_state import HttpState
from yoi_wire.server.router import Call


class Authenticator(Protocol):
    """Tells who a caller is."""

    async def authenticate(self, credentials: str, workspaces: frozenset[str] | None) -> Caller:
        """Return the caller that a bearer token stands for.

        Args:
            credentials: What stood after `Bearer `; empty when there was none.
            workspaces: What the caller says it means; only the host's own operator is asked for it.

        Raises:
            UnauthenticatedError, ForbiddenError: The token is not good.
        """


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the Runtime's handlers work with."""

    http: HttpState
    runtime: RuntimeApi
    authenticator: Authenticator
    limits: Limits = DEFAULT_LIMITS


RuntimeCall: TypeAlias = Call[Caller, Services]
