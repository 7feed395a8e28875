"""Authentication of a request: signed tokens, or the local token until a key is trusted (K-09).

A token stands in the `Authorization` header (RFC 6750) and nowhere else.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import msgspec
from starlette.requests import Request

from worker_runtime.contract.caller import Caller, Scope, build_local_caller, verify_scope
from worker_runtime.rest.services import Services
from worker_runtime.trust.local_token import LOCAL_TOKEN_PREFIX, TokenRefusedError, verify_local_token
from worker_runtime.trust.tokens import verify_token
from worker_runtime.trust.trust_store import TrustStore
from yoi_bundle.identifiers import WorkspaceId
from yoi_wire.clock import Clock
from yoi_wire.errors import RequestInvalidError
from yoi_wire.operation import Operation
from yoi_wire.server.responses import read_list_header

WORKSPACES_HEADER = "Yoi-Workspaces"
"""With the local token only: the workspaces that the host's operator means, separated by commas."""

_SCHEME = "bearer "


class TokenAuthenticator:
    """Takes tokens signed with a trusted key, for this Runtime only.

    Args:
        trust: The trusted keys, read anew when the file changes.
        get_audience: This Runtime's id; fails as long as the store cannot be opened.
        clock: The time that tokens are judged by.
    """

    def __init__(
        self, trust: TrustStore, *, get_audience: Callable[[], Awaitable[str]], clock: Clock
    ) -> None:
        self._trust = trust
        self._get_audience = get_audience
        self._clock = clock

    async def authenticate(self, credentials: str, workspaces: frozenset[str] | None) -> Caller:
        """Return whom a token speaks for; a token names its own workspaces."""
        del workspaces
        if not credentials:
            raise TokenRefusedError("malformed")
        audience = await self._get_audience()
        verified = verify_token(
            credentials, trust=self._trust.read(), audience=audience, now=self._clock.now()
        )
        return verified.caller


class LocalTokenAuthenticator:
    """Takes the generated token of this host until a key is trusted, and signed tokens alone from then on.

    Args:
        expected: The local token.
        signed: Judges everything that is no local token.
        requires_key: Whether some key was trusted by now; then the local token is good for nothing, even if none is any more.
        list_workspaces: The workspaces that the store knows, for an operator who names none.
    """

    def __init__(
        self,
        expected: str,
        *,
        signed: TokenAuthenticator,
        requires_key: Callable[[], bool],
        list_workspaces: Callable[[], Awaitable[tuple[str, ...]]],
    ) -> None:
        self._expected = expected
        self._signed = signed
        self._requires_key = requires_key
        self._list_workspaces = list_workspaces

    async def authenticate(self, credentials: str, workspaces: frozenset[str] | None) -> Caller:
        """Return the host's own operator, for the workspaces that it says it means."""
        if not credentials.startswith(LOCAL_TOKEN_PREFIX):
            return await self._signed.authenticate(credentials, workspaces)
        if self._requires_key():
            raise TokenRefusedError("local_token")
        verify_local_token(credentials, expected=self._expected)
        named = workspaces if workspaces is not None else await self._list_workspaces()
        return build_local_caller(*named)


async def authorize(
    request: Request, operation: Operation[Any], path: Mapping[str, str], services: Services
) -> Caller:
    """Return who asks, if the token has the operation's scope.

    Raises:
        UnauthenticatedError, ForbiddenError: See `Authenticator`; or the scope is not the token's.
    """
    del path
    value = request.headers.get("authorization", "")
    credentials = value[len(_SCHEME) :].strip() if value[: len(_SCHEME)].lower() == _SCHEME else ""
    caller = await services.authenticator.authenticate(credentials, _read_workspaces(request))
    verify_scope(caller, cast(Scope, operation.right))
    return caller


def _read_workspaces(request: Request) -> frozenset[str] | None:
    text = read_list_header(request, WORKSPACES_HEADER.lower())
    if text is None:
        return None
    names = [name.strip(" \t") for name in text.split(",")] if text else []
    try:
        return frozenset(msgspec.convert(names, list[WorkspaceId]))
    except msgspec.ValidationError:
        raise RequestInvalidError("workspace ids, separated by commas", field=WORKSPACES_HEADER) from None
