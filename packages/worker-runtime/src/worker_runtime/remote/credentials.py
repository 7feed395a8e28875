"""Credentials of a client of Runtimes: short-lived tokens, signed for each caller (K-09)."""

import secrets
from collections.abc import Mapping

from worker_runtime.contract.caller import Caller
from worker_runtime.trust.identity import Identity
from worker_runtime.trust.tokens import MAX_LIFETIME_SECONDS, issue_token
from yoi_wire.clock import MILLISECONDS_A_SECOND, Clock

_RENEWAL_SECONDS = 60
_MAX_HELD = 1000


class SignedCredentials:
    """Implements `Credentials` by short-lived signed tokens; one is used until shortly before its end (K-09).

    Args:
        identity: The issuer, and the key that signs.
        audience: Id of the one Runtime that may take the tokens.
        clock: The source of time.
    """

    def __init__(self, identity: Identity, *, audience: str, clock: Clock) -> None:
        self._identity = identity
        self._audience = audience
        self._clock = clock
        self._held: dict[Caller, tuple[str, int]] = {}

    def build_headers(self, caller: Caller) -> Mapping[str, str]:
        """Return a token that names the caller's scopes, workspaces and subject."""
        now = self._clock.now()
        token, renewed_at = self._held.get(caller, ("", 0))
        if now >= renewed_at or now < renewed_at - MAX_LIFETIME_SECONDS * MILLISECONDS_A_SECOND:
            token = self._issue(caller, now)
            renewed_at = now + (MAX_LIFETIME_SECONDS - _RENEWAL_SECONDS) * MILLISECONDS_A_SECOND
            if len(self._held) >= _MAX_HELD:
                self._held.clear()
            self._held[caller] = (token, renewed_at)
        return {"Authorization": f"Bearer {token}"}

    def forget(self, caller: Caller) -> bool:
        """Sign anew: the key may have been rotated, or the clocks may have moved."""
        return self._held.pop(caller, None) is not None

    def _issue(self, caller: Caller, now: int) -> str:
        return issue_token(
            self._identity,
            audience=self._audience,
            scopes=caller.scopes,
            workspaces=caller.workspaces,
            now=now,
            token_id=secrets.token_hex(16),
            subject=caller.subject,
        )
