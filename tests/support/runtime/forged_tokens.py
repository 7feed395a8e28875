"""Tokens as an attacker would make them: any header, any claims, any key."""

import base64
import json
from typing import Any

from joserfc.jwk import OKPKey

from worker_runtime.trust.identity import SigningKey
from worker_runtime.trust.tokens import TOKEN_TYPE


def encode_part(part: object) -> str:
    """Write one part; text goes as it is, so that it need not be JSON."""
    text = part if isinstance(part, str) else json.dumps(part)
    return base64.urlsafe_b64encode(text.encode("utf-8", errors="surrogatepass")).decode().rstrip("=")


def sign(header: object, claims: object, key: OKPKey) -> str:
    """Sign any two parts with a private key, by the primitive itself."""
    signing_input = f"{encode_part(header)}.{encode_part(claims)}"
    private_key: Any = key.private_key
    signature = base64.urlsafe_b64encode(private_key.sign(signing_input.encode())).decode().rstrip("=")
    return f"{signing_input}.{signature}"


def build_header(key: SigningKey, **changes: object) -> dict[str, object]:
    """Return an honest header with changes; None takes a member away."""
    return _change({"alg": "Ed25519", "typ": TOKEN_TYPE, "kid": key.key_id}, changes)


def build_claims(now: int, **changes: object) -> dict[str, object]:
    """Return honest claims with changes; `now` is in milliseconds, None takes a claim away."""
    issued = now // 1000
    honest: dict[str, object] = {
        "iss": "main",
        "aud": "runtime-1",
        "iat": issued,
        "exp": issued + 300,
        "jti": "token-1",
        "scope": "bundles:read bundles:write",
        "workspaces": ["library"],
    }
    return _change(honest, changes)


def _change(honest: dict[str, object], changes: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**honest, **changes}.items() if value is not None}
