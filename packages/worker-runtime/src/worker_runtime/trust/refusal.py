"""Reasons of refused authentication: a word for the log, and nothing for the caller (K-09)."""

from typing import Literal, TypeAlias

from yoi_wire.errors import ForbiddenError, UnauthenticatedError

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
