"""Tokens: who is believed, for what, for how long; and what a refusal gives away."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from support.runtime.forged_tokens import build_claims, build_header, encode_part, sign
from worker_runtime.contract.caller import ALL_SCOPES, Caller
from worker_runtime.trust.identity import (
    Identity,
    SigningKey,
    compute_key_id,
    create_identity,
    format_public_key,
)
from worker_runtime.trust.local_token import RefusalReason, TokenForbiddenError, TokenRefusedError
from worker_runtime.trust.tokens import MAX_TOKEN_BYTES, VerifiedToken, issue_token, verify_token
from worker_runtime.trust.trust_store import TrustedKey, TrustedKeys

NOW = 1_780_000_000_000
AUDIENCE = "runtime-1"


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return create_identity(tmp_path_factory.mktemp("backend") / "identity.json", issuer="main")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return create_identity(tmp_path_factory.mktemp("stranger") / "identity.json", issuer="main")


@pytest.fixture(scope="module")
def trust(identity: Identity) -> TrustedKeys:
    return TrustedKeys(keys={identity.active.key_id: trust_key(identity.active, "library", "office")})


def trust_key(key: SigningKey, *workspaces: str, issuer: str = "main") -> TrustedKey:
    return TrustedKey(
        issuer=issuer,
        public_key=key.public_key,
        workspaces=frozenset(workspaces),
        added_at="2026-01-01T00:00:00Z",
    )


def verify(text: str, trust: TrustedKeys, *, now: int = NOW) -> VerifiedToken:
    return verify_token(text, trust=trust, audience=AUDIENCE, now=now)


def assert_refused(text: str, trust: TrustedKeys, reason: RefusalReason, *, now: int = NOW) -> None:
    with pytest.raises(TokenRefusedError) as caught:
        verify(text, trust, now=now)
    assert caught.value.reason == reason
    assert caught.value.code == "auth.unauthenticated"
    assert caught.value.details() == {}
    assert str(caught.value) == "the caller is not authenticated"


@pytest.mark.req("K-09")
def test_a_token_makes_a_caller_of_its_issuer_workspaces_and_scopes(
    identity: Identity, trust: TrustedKeys
) -> None:
    token = issue_token(
        identity,
        audience=AUDIENCE,
        scopes=["bundles:read", "runtime:read"],
        workspaces=["library"],
        now=NOW,
        token_id="token-7",
        subject="replica-2",
    )
    assert verify(token, trust) == VerifiedToken(
        caller=Caller(
            kind="remote",
            issuer="main",
            workspaces=frozenset({"library"}),
            scopes=frozenset({"bundles:read", "runtime:read"}),
            subject="replica-2",
        ),
        token_id="token-7",
        key_id=identity.active.key_id,
        expires_at=NOW // 1000 + 300,
    )


def test_a_token_by_another_hand_is_taken(identity: Identity, trust: TrustedKeys) -> None:
    header = json.dumps(build_header(identity.active), indent=1)
    claims = json.dumps(dict(reversed(list(build_claims(NOW).items()))), indent=1)
    assert verify(sign(header, claims, identity.active.private_key), trust).token_id == "token-1"


def test_a_token_may_name_no_workspace(identity: Identity, trust: TrustedKeys) -> None:
    token = sign(build_header(identity.active), build_claims(NOW, workspaces=[]), identity.active.private_key)
    assert verify(token, trust).caller.workspaces == frozenset()


@pytest.mark.req("K-09")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"alg": "none"}, "algorithm"),
        ({"alg": "None"}, "algorithm"),
        ({"alg": "HS256"}, "algorithm"),
        ({"alg": "RS256"}, "algorithm"),
        ({"alg": "Ed448"}, "algorithm"),
        ({"alg": "EdDSA"}, "algorithm"),
        ({"alg": ""}, "algorithm"),
        ({"alg": None}, "header"),
        ({"alg": ["Ed25519"]}, "header"),
        ({"typ": None}, "header"),
        ({"typ": "JWT"}, "header"),
        ({"typ": "at+jwt"}, "header"),
        ({"kid": None}, "header"),
        ({"kid": 7}, "header"),
        ({"kid": "x" * 43}, "unknown_key"),
        ({"kid": "../../identity"}, "unknown_key"),
        ({"jwk": {"kty": "OKP"}}, "header"),
        ({"jku": "https://example.com/keys"}, "header"),
        ({"x5c": []}, "header"),
        ({"crit": ["exp"]}, "header"),
        ({"b64": False}, "header"),
        ({"cty": "JWT"}, "header"),
    ],
)
def test_a_header_that_is_not_the_one_form_is_refused(
    identity: Identity, trust: TrustedKeys, changes: dict[str, object], reason: RefusalReason
) -> None:
    header = build_header(identity.active, **changes)
    assert_refused(sign(header, build_claims(NOW), identity.active.private_key), trust, reason)


@pytest.mark.req("K-09")
def test_an_unsigned_token_is_refused(identity: Identity, trust: TrustedKeys) -> None:
    header = encode_part(build_header(identity.active, alg="none"))
    claims = encode_part(build_claims(NOW))
    assert_refused(f"{header}.{claims}.", trust, "malformed")
    assert_refused(f"{header}.{claims}.{'A' * 86}", trust, "algorithm")
    honest = encode_part(build_header(identity.active))
    assert_refused(f"{honest}.{claims}.{'A' * 86}", trust, "signature")


@pytest.mark.req("K-09")
def test_the_public_key_is_no_shared_secret(identity: Identity, trust: TrustedKeys) -> None:
    signing_input = (
        f"{encode_part(build_header(identity.active, alg='HS512'))}.{encode_part(build_claims(NOW))}"
    )
    secret = base64.urlsafe_b64decode(identity.active.public_key.removeprefix("ed25519:") + "=")
    signature = hmac.new(secret, signing_input.encode(), hashlib.sha512).digest()
    assert_refused(
        f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}", trust, "algorithm"
    )


@pytest.mark.req("K-09")
def test_a_token_of_a_key_that_is_not_trusted_is_refused(
    identity: Identity, stranger: Identity, trust: TrustedKeys
) -> None:
    key = stranger.active
    assert_refused(sign(build_header(key), build_claims(NOW), key.private_key), trust, "unknown_key")
    forged = sign(build_header(identity.active), build_claims(NOW), key.private_key)
    assert_refused(forged, trust, "signature")


@pytest.mark.req("K-09")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "runtime-2"}, "audience"),
        ({"aud": ["runtime-1"]}, "claims"),
        ({"aud": None}, "claims"),
        ({"iss": "other"}, "issuer"),
        ({"iss": "local"}, "issuer"),
        ({"iss": None}, "claims"),
        ({"iat": None}, "claims"),
        ({"exp": None}, "claims"),
        ({"exp": "soon"}, "claims"),
        ({"exp": True}, "claims"),
        ({"iat": -1}, "claims"),
        ({"exp": 1e999}, "claims"),
        ({"exp": 2**53}, "claims"),
        ({"exp": NOW / 1000 + 10.5}, "claims"),
        ({"exp": 10**400}, "claims"),
        ({"exp": NOW // 1000 + 301}, "lifetime"),
        ({"exp": NOW // 1000}, "lifetime"),
        ({"exp": NOW // 1000 - 1}, "lifetime"),
        ({"jti": None}, "claims"),
        ({"jti": ""}, "claims"),
        ({"jti": "a\nb"}, "claims"),
        ({"jti": "x" * 65}, "claims"),
        ({"scope": None}, "claims"),
        ({"scope": ""}, "claims"),
        ({"scope": ["bundles:read"]}, "claims"),
        ({"scope": "bundles:read  bundles:write"}, "claims"),
        ({"scope": "bundles:read\n"}, "claims"),
        ({"workspaces": None}, "claims"),
        ({"workspaces": "library"}, "claims"),
        ({"workspaces": ["Library"]}, "claims"),
        ({"workspaces": ["*"]}, "claims"),
        ({"workspaces": [1]}, "claims"),
        ({"sub": "a b"}, "claims"),
        ({"nbf": 0}, "claims"),
        ({"admin": True}, "claims"),
    ],
)
def test_claims_that_do_not_hold_are_refused(
    identity: Identity, trust: TrustedKeys, changes: dict[str, object], reason: RefusalReason
) -> None:
    claims = build_claims(NOW, **changes)
    token = sign(build_header(identity.active), claims, identity.active.private_key)
    assert_refused(token, trust, reason)


@pytest.mark.req("K-09")
def test_a_token_lives_from_thirty_seconds_before_to_thirty_after(
    identity: Identity, trust: TrustedKeys
) -> None:
    token = sign(build_header(identity.active), build_claims(NOW), identity.active.private_key)
    verify(token, trust, now=NOW - 30_000)
    assert_refused(token, trust, "from_the_future", now=NOW - 31_000)
    verify(token, trust, now=NOW + 329_999)
    assert_refused(token, trust, "expired", now=NOW + 330_000)


@pytest.mark.req("K-09", "R-07")
@pytest.mark.parametrize("workspaces", [["other"], ["library", "other"]])
def test_a_token_for_a_workspace_its_key_is_not_trusted_for_is_refused_whole(
    identity: Identity, trust: TrustedKeys, workspaces: list[str]
) -> None:
    claims = build_claims(NOW, workspaces=workspaces)
    with pytest.raises(TokenForbiddenError) as caught:
        verify(sign(build_header(identity.active), claims, identity.active.private_key), trust)
    assert (caught.value.reason, caught.value.code) == ("workspace", "auth.forbidden")
    assert caught.value.details() == {}
    assert "other" not in str(caught.value)


def test_a_token_with_a_scope_there_is_not_is_refused_whole(identity: Identity, trust: TrustedKeys) -> None:
    claims = build_claims(NOW, scope="bundles:read host:root")
    with pytest.raises(TokenForbiddenError) as caught:
        verify(sign(build_header(identity.active), claims, identity.active.private_key), trust)
    assert caught.value.reason == "scope"


@pytest.mark.parametrize(
    "part", ['{"iss":"main","iss":"other"}', "[]", "7", "null", "", "NaN", "[" * 5000, '{"a":\ud800}']
)
def test_parts_that_are_not_one_plain_object_are_refused(
    identity: Identity, trust: TrustedKeys, part: str
) -> None:
    key = identity.active
    assert_refused(sign(build_header(key), part, key.private_key), trust, "claims" if part else "malformed")
    short = part[:300]
    assert_refused(sign(short, build_claims(NOW), key.private_key), trust, "header" if part else "malformed")


@pytest.mark.req("K-09")
def test_a_claim_that_occurs_twice_is_refused(identity: Identity, trust: TrustedKeys) -> None:
    key = identity.active
    twice = json.dumps(build_claims(NOW))[:-1] + ',"workspaces":["library"]}'
    assert_refused(sign(build_header(key), twice, key.private_key), trust, "claims")
    header = json.dumps(build_header(key))[:-1] + ',"alg":"Ed25519"}'
    assert_refused(sign(header, build_claims(NOW), key.private_key), trust, "header")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("a.b", "malformed"),
        ("a.b.c.d.e", "malformed"),
        ("é" * 100, "malformed"),
        ("\0", "malformed"),
        ("A" * (MAX_TOKEN_BYTES + 1), "too_long"),
    ],
)
def test_what_is_no_token_is_refused(trust: TrustedKeys, text: str, reason: RefusalReason) -> None:
    assert_refused(text, trust, reason)


def test_every_other_spelling_of_a_genuine_token_is_refused(identity: Identity, trust: TrustedKeys) -> None:
    token = sign(build_header(identity.active), build_claims(NOW), identity.active.private_key)
    verify(token, trust)
    for changed in (f" {token}", f"{token}\n", f"{token}=", token.replace(".", "=.", 1), token + "A"):
        assert_refused(changed, trust, "malformed")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[(alphabet.index(token[-1]) + 1) % 64]
    assert_refused(token[:-1] + last, trust, "signature")


@pytest.mark.req("K-09")
def test_both_keys_are_believed_during_a_rotation(
    identity: Identity, stranger: Identity, trust: TrustedKeys
) -> None:
    following = stranger.active
    both = TrustedKeys(keys={**trust.keys, following.key_id: trust_key(following, "library")})
    for key in (identity.active, following):
        assert verify(sign(build_header(key), build_claims(NOW), key.private_key), both).key_id == key.key_id


@pytest.mark.req("R-07")
def test_the_issuer_is_the_one_the_key_is_trusted_under(identity: Identity) -> None:
    key = identity.active
    trust = TrustedKeys(keys={key.key_id: trust_key(key, "library", issuer="elsewhere")})
    assert_refused(sign(build_header(key), build_claims(NOW), key.private_key), trust, "issuer")


def test_every_scope_that_there_is_can_be_given(identity: Identity, trust: TrustedKeys) -> None:
    token = issue_token(
        identity, audience=AUDIENCE, scopes=ALL_SCOPES, workspaces=["library"], now=NOW, token_id="all"
    )
    assert verify(token, trust).caller.scopes == ALL_SCOPES


@pytest.mark.parametrize(
    "arguments",
    [
        {"lifetime_seconds": 0},
        {"lifetime_seconds": 301},
        {"token_id": ""},
        {"token_id": "with space"},
        {"audience": ""},
        {"scopes": []},
        {"workspaces": ["Not An Id"]},
        {"subject": "a\nb"},
        {"workspaces": [f"workspace-{number:0100}" for number in range(80)]},
    ],
)
def test_what_no_runtime_would_take_is_not_issued(identity: Identity, arguments: dict[str, object]) -> None:
    honest: dict[str, object] = {
        "audience": AUDIENCE,
        "scopes": ["runtime:read"],
        "workspaces": ["library"],
        "now": NOW,
        "token_id": "1",
    }
    with pytest.raises(ValueError):
        issue_token(identity, **{**honest, **arguments})  # type: ignore[arg-type]


def test_a_key_id_is_the_thumbprint_of_the_rfc() -> None:
    """The key and its thumbprint are those of RFC 8037, appendix A.3."""
    key = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    )
    assert compute_key_id(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert format_public_key(key) == "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


def test_no_text_of_a_key_shows_its_private_half(identity: Identity, tmp_path: Path) -> None:
    private = str(identity.active.private_key.as_dict(private=True)["d"])
    assert private not in repr(identity)
    assert private not in str(identity.active)
