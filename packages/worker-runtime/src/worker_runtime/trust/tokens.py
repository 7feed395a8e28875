"""Short-lived signed tokens: a Backend's word to one Runtime, for some workspaces and operations (K-09).

A token is a JWS in compact form over the claims of `worker_runtime.trust.tokens`, signed with Ed25519.
"""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NoReturn, TypeVar, cast

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode
from msgspec import Meta, Struct

from worker_runtime.contract.caller import ALL_SCOPES, Caller, Scope
from worker_runtime.trust.identity import Identity, parse_public_key
from worker_runtime.trust.local_token import RefusalReason, TokenForbiddenError, TokenRefusedError
from worker_runtime.trust.trust_store import TrustedKey, TrustedKeys
from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.identifiers import WorkspaceId

TOKEN_TYPE = "yoi-runtime+jwt"  # noqa: S105
"""The `typ` of the header: no token made for something else passes for one of these (RFC 8725, section 3.11)."""

ALGORITHM = "Ed25519"
"""RFC 9864 names the curve; the older `EdDSA` leaves it open, and is not taken."""

_END = r"(?!\n)$"
_Instant = Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]
Part = TypeVar("Part", bound=Struct)


class TokenHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing but these: no key, certificate or address of one inside a token, no `crit`, no `b64`."""

    alg: str
    typ: Literal["yoi-runtime+jwt"]
    kid: Annotated[str, Meta(max_length=64)]


class TokenClaims(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who speaks, to whom, from when to when, and for what.

    Attributes:
        iss: The issuer's name.
        aud: The one Runtime that may take the token.
        iat: When it was issued, in seconds since 1970.
        exp: When it ends.
        jti: Its id, for the logs of both sides.
        scope: Scopes, separated by one space (RFC 8693, section 4.2).
        workspaces: Ids of the workspaces it is for.
        sub: Which client of the issuer; leases are kept apart by it.
    """

    iss: Annotated[str, Meta(min_length=1, max_length=128)]
    aud: Annotated[str, Meta(min_length=1, max_length=256)]
    iat: _Instant
    exp: _Instant
    jti: Annotated[str, Meta(pattern=rf"^[A-Za-z0-9._-]+{_END}", max_length=64)]
    scope: Annotated[str, Meta(pattern=rf"^[a-z]+:[a-z]+(?: [a-z]+:[a-z]+)*{_END}", max_length=512)]
    workspaces: tuple[WorkspaceId, ...]
    sub: Annotated[str, Meta(pattern=rf"^[A-Za-z0-9._-]*{_END}", max_length=64)] = ""


def decode_part(data: bytes, expected: type[Part]) -> Part:
    """Decode one part of a token: JSON in which no key occurs twice.

    Raises:
        ValueError: It is not of the form.
    """
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_build_object)
        return msgspec.convert(document, expected, strict=True)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key occurs twice")
    return members


MAX_LIFETIME_SECONDS = 300
MAX_SKEW_SECONDS = 30
MAX_TOKEN_BYTES = 8192
_COMPACT = re.compile(r"([A-Za-z0-9_-]{2,512})\.([A-Za-z0-9_-]{2,8000})\.([A-Za-z0-9_-]{86})")


class VerifiedToken(Struct, frozen=True, kw_only=True):
    """A token that passed every check.

    Attributes:
        token_id: For the log.
        key_id: Which of the issuer's keys signed it.
        expires_at: Seconds since 1970, without the allowance for skew.
    """

    caller: Caller
    token_id: str
    key_id: str
    expires_at: int


def issue_token(
    identity: Identity,
    *,
    audience: str,
    scopes: Iterable[Scope],
    workspaces: Iterable[str],
    now: int,
    token_id: str,
    lifetime_seconds: int = MAX_LIFETIME_SECONDS,
    subject: str = "",
) -> str:
    """Sign a token with the identity's active key.

    Args:
        identity: Who speaks.
        audience: Id of the Runtime that it is for.
        scopes: At least one.
        workspaces: May be empty, for what concerns none.
        now: Milliseconds since 1970.
        token_id: Never used before.
        lifetime_seconds: From 1 to 300.
        subject: Which client of the issuer, if it keeps them apart.

    Raises:
        ValueError: An argument cannot stand in a token.
    """
    if not 1 <= lifetime_seconds <= MAX_LIFETIME_SECONDS:
        raise ValueError(f"a token lives from 1 to {MAX_LIFETIME_SECONDS} seconds")
    issued = now // 1000
    claims = TokenClaims(
        iss=identity.issuer,
        aud=audience,
        iat=issued,
        exp=issued + lifetime_seconds,
        jti=token_id,
        scope=" ".join(sorted(set(scopes))),
        workspaces=tuple(sorted(set(workspaces))),
        sub=subject,
    )
    payload = msgspec.json.encode(claims)
    decode_part(payload, TokenClaims)
    header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": identity.active.key_id}
    token = jws.serialize_compact(header, payload, identity.active.private_key, algorithms=[ALGORITHM])
    if len(token) > MAX_TOKEN_BYTES:
        raise ValueError(f"a token has at most {MAX_TOKEN_BYTES} bytes; name fewer workspaces")
    return token


def verify_token(text: str, *, trust: TrustedKeys, audience: str, now: int) -> VerifiedToken:
    """Check a token against the trusted keys, and return who its bearer is.

    Nothing of the claims is looked at before the signature over them has been checked.

    Args:
        text: What stood after `Bearer `.
        trust: The keys that are trusted now.
        audience: This Runtime's id.
        now: Milliseconds since 1970.

    Raises:
        TokenRefusedError: It proves nothing; the reason is for the log alone.
        TokenForbiddenError: It is genuine, and names a workspace that its key is not trusted for or a scope that
            there is not. The token is refused whole: a caller that believes it holds more than it does is
            better told at once.
    """
    header, payload = _split(text)
    if header.alg != ALGORITHM:
        _refuse("algorithm")
    key = trust.find_key(header.kid)
    if key is None:
        _refuse("unknown_key")
    _verify_signature(text, key)
    try:
        claims = decode_part(payload, TokenClaims)
    except ValueError:
        _refuse("claims")
    _verify_claims(claims, key, audience, now // 1000)
    caller = Caller(
        kind="remote",
        issuer=key.issuer,
        workspaces=_choose_workspaces(claims, key),
        scopes=_parse_scopes(claims.scope),
        subject=claims.sub,
    )
    return VerifiedToken(caller=caller, token_id=claims.jti, key_id=header.kid, expires_at=claims.exp)


def _split(text: str) -> tuple[TokenHeader, bytes]:
    if len(text) > MAX_TOKEN_BYTES:
        _refuse("too_long")
    match = _COMPACT.fullmatch(text)
    if match is None:
        _refuse("malformed")
    try:
        header, payload = (urlsafe_b64decode(part.encode("ascii")) for part in match.groups()[:2])
    except ValueError:
        _refuse("malformed")
    try:
        return decode_part(header, TokenHeader), payload
    except ValueError:
        _refuse("header")


def _verify_signature(text: str, key: TrustedKey) -> None:
    try:
        jws.deserialize_compact(text, parse_public_key(key.public_key), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        _refuse("signature")


def _verify_claims(claims: TokenClaims, key: TrustedKey, audience: str, now: int) -> None:
    if claims.iss != key.issuer:
        _refuse("issuer")
    if claims.aud != audience:
        _refuse("audience")
    if not 1 <= claims.exp - claims.iat <= MAX_LIFETIME_SECONDS:
        _refuse("lifetime")
    if claims.iat > now + MAX_SKEW_SECONDS:
        _refuse("from_the_future")
    if now >= claims.exp + MAX_SKEW_SECONDS:
        _refuse("expired")


def _choose_workspaces(claims: TokenClaims, key: TrustedKey) -> frozenset[str]:
    workspaces = frozenset(claims.workspaces)
    if not workspaces <= key.workspaces:
        raise TokenForbiddenError("workspace")
    return workspaces


def _parse_scopes(text: str) -> frozenset[Scope]:
    scopes = frozenset(text.split(" "))
    if not scopes <= ALL_SCOPES:
        raise TokenForbiddenError("scope")
    return cast(frozenset[Scope], scopes)


def _refuse(reason: RefusalReason) -> NoReturn:
    raise TokenRefusedError(reason) from None
