"""Local token of a Runtime that has never trusted a key: for callers on this host that may read its file (K-09)."""

import hmac
import secrets
from pathlib import Path
from typing import Literal, TypeAlias

from worker_runtime.trust.private_file import create_private_file, read_private_file
from yoi_wire.errors import ForbiddenError, StoreCorruptError, UnauthenticatedError

LOCAL_TOKEN_PREFIX = "yoi_local_"  # noqa: S105
"""Tells it from a signed token, for people, servers and scanners of secrets."""

LOCAL_TOKEN_FILE = "local-token"  # noqa: S105
"""Its file's name in a Runtime's data directory."""

_RANDOM_BYTES = 32
_LENGTH = len(LOCAL_TOKEN_PREFIX) + 43
_FIELD = "local_token"


def find_local_token(path: Path) -> str | None:
    """Return the token of this host as a client finds it; errors as in `create_local_token`."""
    data = read_private_file(path, max_bytes=256, field=_FIELD, secret=True)
    if data is None:
        return None
    token = data.decode("ascii", errors="replace").removesuffix("\n")
    if len(token) != _LENGTH or not token.startswith(LOCAL_TOKEN_PREFIX) or not token.isascii():
        raise StoreCorruptError(_FIELD)
    return token


RefusalReason: TypeAlias = Literal[
    "malformed",
    "too_long",
    "header",
    "algorithm",
    "unknown_key",
    "signature",
    "claims",
    "issuer",
    "audience",
    "lifetime",
    "from_the_future",
    "expired",
    "scope",
    "workspace",
    "local_token",
]


class TokenRefusedError(UnauthenticatedError):
    """The token does not prove who the caller is.

    Attributes:
        reason: Which check failed; for the log alone. Neither the message nor the details say it.
    """

    def __init__(self, reason: RefusalReason) -> None:
        self.reason = reason
        super().__init__("the caller is not authenticated")


class TokenForbiddenError(ForbiddenError):
    """The token is genuine, and asks for more than its key is trusted with; see `TokenRefusedError`."""

    def __init__(self, reason: RefusalReason) -> None:
        self.reason = reason
        super().__init__()


def create_local_token(path: Path) -> str:
    """Return the token of this host; make it, in a file of mode 0600, when there is none.

    Raises:
        RequestInvalidError: Others may read the file.
        StoreCorruptError: The file holds something else.
        RuntimeUnavailableError: The file cannot be read or written.
    """
    held = find_local_token(path)
    if held is not None:
        return held
    token = LOCAL_TOKEN_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    if create_private_file(path, f"{token}\n".encode()):
        return token
    return create_local_token(path)


def verify_local_token(text: str, *, expected: str) -> None:
    """Compare in a time that says nothing about where the two differ.

    Raises:
        TokenRefusedError: They differ.
    """
    if not hmac.compare_digest(text.encode("utf-8", errors="surrogatepass"), expected.encode("ascii")):
        raise TokenRefusedError("local_token")
