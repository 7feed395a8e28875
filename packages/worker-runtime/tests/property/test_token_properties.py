"""Tokens with any change anywhere."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.runtime.forged_tokens import build_claims, build_header, sign
from worker_runtime.trust.identity import create_identity
from worker_runtime.trust.local_token import TokenForbiddenError, TokenRefusedError
from worker_runtime.trust.tokens import verify_token
from worker_runtime.trust.trust_store import TrustedKey, TrustedKeys

NOW = 1_780_000_000_000
with TemporaryDirectory() as _directory:
    IDENTITY = create_identity(Path(_directory) / "identity.json", issuer="main")
TRUST = TrustedKeys(
    keys={
        IDENTITY.active.key_id: TrustedKey(
            issuer="main",
            public_key=IDENTITY.active.public_key,
            workspaces=frozenset({"library"}),
            added_at="2026-01-01T00:00:00Z",
        )
    }
)
TOKEN = sign(build_header(IDENTITY.active), build_claims(NOW), IDENTITY.active.private_key)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def verify(text: str) -> None:
    verify_token(text, trust=TRUST, audience="runtime-1", now=NOW)


@pytest.mark.req("K-09")
@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_a_token_with_one_other_character_is_refused(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    if changed == TOKEN:
        verify(changed)
    else:
        with pytest.raises(TokenRefusedError):
            verify(changed)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_refused_by_a_typed_error(text: str) -> None:
    with pytest.raises(TokenRefusedError):
        verify(text)


@pytest.mark.req("K-09")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["iss", "aud", "iat", "exp", "jti", "scope", "workspaces", "sub", "more"]), JSON)
def test_a_signed_token_with_any_claim_changed_is_taken_only_within_its_trust(
    name: str, value: object
) -> None:
    claims = build_claims(NOW)
    claims[name] = value
    text = sign(build_header(IDENTITY.active), claims, IDENTITY.active.private_key)
    try:
        token = verify_token(text, trust=TRUST, audience="runtime-1", now=NOW)
    except (TokenRefusedError, TokenForbiddenError):
        return
    assert name in {"jti", "sub", "iat", "exp", "workspaces", "scope"} or claims == build_claims(NOW)
    assert token.caller.workspaces <= {"library"}
    assert token.caller.issuer == "main"
    assert token.expires_at <= NOW // 1000 + 330
