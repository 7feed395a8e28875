"""What a token says: its protected header and its claims, in the one form that is taken (RFC 7519, RFC 8725)."""

import json
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

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
