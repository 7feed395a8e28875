"""Ed25519 public keys as text, and their ids (RFC 8037, RFC 7638)."""

import base64
import binascii
from typing import Annotated, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from msgspec import Meta

from yoi_wire.errors import RequestInvalidError

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
