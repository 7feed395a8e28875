"""Identity of a Backend: its name and the Ed25519 key it signs with; during a rotation, the next one too (K-09).

A rotation has two steps, so that no token is ever signed with a key that a Runtime does not know yet: `start`
makes the next key, which operators then trust on every Runtime; `finish` signs with it and forgets the former.
"""

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from msgspec import Meta, Struct

from worker_runtime.contract.caller import LOCAL_ISSUER
from worker_runtime.trust.private_file import (
    create_private_file,
    exclusive_access,
    read_private_file,
    replace_private_file,
)
from yoi_bundle.identifiers import WorkspaceId
from yoi_wire.errors import RequestInvalidError, StoreCorruptError

IssuerName = WorkspaceId
"""The same grammar as a workspace's id; `local` is the host's own operator and no Backend."""

IDENTITY_FILE = "identity.json"
"""Its name in a data directory."""

_MAX_FILE_BYTES = 8192
_FIELD = "identity"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; its text form shows no part of it but the id.

    Attributes:
        key_id: RFC 7638 thumbprint.
        public_key: What a Runtime's operator is given.
    """

    key_id: str
    public_key: str
    private_key: OKPKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a Backend is.

    Attributes:
        issuer: The name its keys are trusted under; it outlives them.
        active: Signs.
        next: Waits to be trusted everywhere, during a rotation.
    """

    issuer: str
    active: SigningKey
    next: SigningKey | None = None


def verify_issuer_name(issuer: str) -> None:
    """Raise RequestInvalidError unless a Backend may have this name."""
    try:
        msgspec.convert(issuer, IssuerName)
    except msgspec.ValidationError:
        raise RequestInvalidError("lower-case letters, digits, `.`, `_`, `-`", field="issuer") from None
    if issuer == LOCAL_ISSUER:
        raise RequestInvalidError("`local` is the host's own operator", field="issuer")


def _encode(identity: Identity) -> bytes:
    keys = [key for key in (identity.active, identity.next) if key is not None]
    document = {
        "issuer": identity.issuer,
        "keys": [{**key.private_key.as_dict(private=True), "kid": key.key_id} for key in keys],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


KeyId: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}(?!\n)$", max_length=43)]
"""RFC 7638 thumbprint: SHA-256 of the key's JWK, base64url without padding."""

KeyText: TypeAlias = Annotated[str, Meta(pattern=r"^ed25519:[A-Za-z0-9_-]{43}(?!\n)$", max_length=51)]
"""`ed25519:` and the 32 bytes of a public key, base64url without padding; what people paste."""

_PREFIX = "ed25519:"


def format_public_key(key: OKPKey) -> str:
    """Write the public half of a key as one word."""
    return _PREFIX + str(key.as_dict(private=False)["x"])


def parse_public_key(text: str) -> OKPKey:
    """Read what `format_public_key` wrote.

    Raises:
        RequestInvalidError: It is no Ed25519 public key.
    """
    encoded = text.removeprefix(_PREFIX)
    try:
        data = base64.urlsafe_b64decode(f"{encoded}=") if encoded.isascii() else b""
        if len(data) != 32 or text != _PREFIX + base64.urlsafe_b64encode(data).decode().rstrip("="):
            raise RequestInvalidError("not an Ed25519 public key", field="public_key")
        return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": encoded})
    except (binascii.Error, JoseError, ValueError):
        raise RequestInvalidError("not an Ed25519 public key", field="public_key") from None


def compute_key_id(key: OKPKey) -> str:
    """Return the RFC 7638 thumbprint of a key, the same for its private and its public half."""
    return key.thumbprint()


class _PrivateJwk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """RFC 8037, section 2."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    kid: KeyId
    x: str
    d: str


class _IdentityFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The active key first."""

    issuer: IssuerName
    keys: Annotated[tuple[_PrivateJwk, ...], Meta(min_length=1, max_length=2)]


def _wrap(key: OKPKey) -> SigningKey:
    return SigningKey(key_id=compute_key_id(key), public_key=format_public_key(key), private_key=key)


def _import_key(jwk: _PrivateJwk) -> SigningKey:
    key = _wrap(OKPKey.import_key({"kty": jwk.kty, "crv": jwk.crv, "x": jwk.x, "d": jwk.d}))
    public = key.private_key.public_key
    derived = OKPKey.import_key(public)
    if format_public_key(derived) != f"ed25519:{jwk.x}" or compute_key_id(derived) != jwk.kid:
        raise ValueError("the halves of the key do not belong together")
    return key


def _generate_key() -> SigningKey:
    return _wrap(OKPKey.generate_key("Ed25519"))


def _decode(data: bytes) -> Identity:
    # Neither a decoder's nor a key's own error is passed on: they may quote what they read.
    try:
        document = msgspec.json.decode(data, type=_IdentityFile)
        keys = [_import_key(jwk) for jwk in document.keys]
    except (msgspec.DecodeError, JoseError, ValueError):
        raise StoreCorruptError(_FIELD) from None
    return Identity(issuer=document.issuer, active=keys[0], next=keys[1] if len(keys) > 1 else None)


def create_identity(path: Path, *, issuer: str) -> Identity:
    """Make an identity with a new key, in a file of mode 0600.

    Args:
        path: Of the file, which is made.
        issuer: The name that the keys are to be trusted under.

    Raises:
        RequestInvalidError: The name is none, or an identity is there already.
        RuntimeUnavailableError: The file cannot be written.
    """
    verify_issuer_name(issuer)
    identity = Identity(issuer=issuer, active=_generate_key())
    if not create_private_file(path, _encode(identity)):
        raise RequestInvalidError("there is an identity already", field=_FIELD)
    return identity


def load_identity(path: Path) -> Identity:
    """Read an identity.

    Args:
        path: Of a file that `create_identity` made.

    Raises:
        RequestInvalidError: There is none, or others may read its file.
        StoreCorruptError: The file is damaged.
        RuntimeUnavailableError: The file cannot be read.
    """
    data = read_private_file(path, max_bytes=_MAX_FILE_BYTES, field=_FIELD, secret=True)
    if data is None:
        raise RequestInvalidError("there is no identity", field=_FIELD)
    return _decode(data)


def start_rotation(path: Path) -> Identity:
    """Make the next key; the active one still signs. Do nothing when a rotation is under way."""
    with exclusive_access(path):
        identity = load_identity(path)
        if identity.next is not None:
            return identity
        rotating = Identity(issuer=identity.issuer, active=identity.active, next=_generate_key())
        replace_private_file(path, _encode(rotating))
    return rotating


def finish_rotation(path: Path) -> Identity:
    """Sign with the next key, and forget the former.

    Raises:
        RequestInvalidError: No rotation is under way.
    """
    with exclusive_access(path):
        identity = load_identity(path)
        if identity.next is None:
            raise RequestInvalidError("no rotation is under way", field=_FIELD)
        rotated = Identity(issuer=identity.issuer, active=identity.next)
        replace_private_file(path, _encode(rotated))
    return rotated
