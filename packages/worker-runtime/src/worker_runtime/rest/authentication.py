"""How a Runtime finds out who asks: signed tokens, or the local token while no key is trusted (K-09)."""

from collections.abc import Awaitable, Callable

from worker_runtime.contract.caller import Caller, build_local_caller
from worker_runtime.trust.local_token import LOCAL_TOKEN_PREFIX, verify_local_token
from worker_runtime.trust.refusal import TokenRefusedError
from worker_runtime.trust.tokens import verify_token
from worker_runtime.trust.trust_store import TrustStore
from yoi_wire.clock import Clock


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
    """Takes the generated token of this host while no key is trusted, and signed tokens from then on.

    Args:
        expected: The local token.
        signed: Judges everything that is no local token.
        has_trusted_keys: Whether some key is trusted by now; then the local token is good for nothing.
        list_workspaces: The workspaces that the store knows, for an operator who names none.
    """

    def __init__(
        self,
        expected: str,
        *,
        signed: TokenAuthenticator,
        has_trusted_keys: Callable[[], bool],
        list_workspaces: Callable[[], Awaitable[tuple[str, ...]]],
    ) -> None:
        self._expected = expected
        self._signed = signed
        self._has_trusted_keys = has_trusted_keys
        self._list_workspaces = list_workspaces

    async def authenticate(self, credentials: str, workspaces: frozenset[str] | None) -> Caller:
        """Return the host's own operator, for the workspaces that it says it means."""
        if not credentials.startswith(LOCAL_TOKEN_PREFIX):
            return await self._signed.authenticate(credentials, workspaces)
        if self._has_trusted_keys():
            raise TokenRefusedError("local_token")
        verify_local_token(credentials, expected=self._expected)
        named = workspaces if workspaces is not None else await self._list_workspaces()
        return build_local_caller(*named)
