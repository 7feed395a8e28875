"""From a Backend's problem back to a typed error: the class where there is one here, else by its code (K-07)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from worker_runtime.remote.refusals import (
    REBUILT_CODES,
    RemoteFaultError,
    find_request_id,
    rebuild_error,
)
from yoi_bundle.errors import YoiError
from yoi_wire.errors import UnauthenticatedError

UNAVAILABLE = "backend.unavailable"

_SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "workspace.not_found": ("no workspace {workspace}", "see `yoi workspace list`"),
        "workspace.conflict": ("workspace {workspace}: {reason}", "look at it with `yoi workspace show`"),
        "runtime.not_found": ("no Runtime {runtime}", "see `yoi runtime list`"),
        "runtime.conflict": (
            "Runtime {runtime}: {reason}",
            "take another name, or remove the registered one first",
        ),
        "placement.denied": (
            "workspace {workspace} may not go to Runtime {runtime}",
            "see `yoi placement explain`, and allow it with `yoi placement set`",
        ),
        "bundle.revoked": ("bundle {digest} of {workspace} is revoked", "use another revision"),
        "token.not_found": ("no token {token}", "see `yoi token list`"),
        UNAVAILABLE: ("the Backend is unavailable: {reason}", "try again in a moment"),
    }
)
"""Message and remedy of each code that only a Backend raises; messages do not travel."""

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "unreachable": "see whether it runs, and whether the address is right",
        "untrusted": "give its authority's PEM file or its certificate's fingerprint",
    }
)


class BackendError(YoiError):
    """An error of a Backend that has no class of its own on this side.

    Attributes:
        code: As it was raised there.
        retry_after_seconds: When to try again at the earliest; 0 when nobody has said.
    """

    code: str  # type: ignore[misc]
    retryable: bool  # type: ignore[misc]

    def __init__(
        self,
        code: str,
        details: Mapping[str, Any] = MappingProxyType({}),
        *,
        retryable: bool = False,
        retry_after_seconds: int = 0,
    ) -> None:
        self.code = code
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds
        self._details = dict(details)
        super().__init__(_describe(code, self._details))

    @property
    def remedy(self) -> str:
        reason = str(self._details.get("reason", ""))
        if self.code == UNAVAILABLE and reason in _REMEDIES:
            return _REMEDIES[reason]
        return _SENTENCES[self.code][1] if self.code in _SENTENCES else ""

    def details(self) -> dict[str, Any]:
        return dict(self._details)


class BackendUnauthenticatedError(UnauthenticatedError):
    """The Backend takes no such token: it expired, was revoked, or is another Backend's."""

    @property
    def remedy(self) -> str:
        return "log in with a token that is in force: `yoi login URL`"


class _Problem(msgspec.Struct, frozen=True):
    """What is read of a problem; other members are passed over (RFC 9457, section 3.2)."""

    code: str
    retryable: bool = False
    details: dict[str, Any] = {}


def build_unavailable(reason: str, *, retry_after_seconds: int = 0) -> BackendError:
    """Return that no Backend answered, as far as this side can tell."""
    return BackendError(
        UNAVAILABLE, {"reason": reason}, retryable=True, retry_after_seconds=retry_after_seconds
    )


def rebuild_backend_error(
    status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})
) -> YoiError:
    """Return the error that an answer stands for; what is no problem of ours comes from something in between.

    Args:
        status: Of HTTP.
        body: A problem (RFC 9457), or anything.
        headers: Of the answer, by any spelling that the mapping knows.
    """
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _judge_bare_status(status, headers)
    if status == 408:
        return build_unavailable("unreachable")
    if problem.code == "auth.unauthenticated":
        return BackendUnauthenticatedError("the Backend takes no such token")
    if problem.code == "internal":
        return RemoteFaultError("the Backend failed", request=find_request_id(headers))
    if problem.code in REBUILT_CODES:
        error = rebuild_error(status, body, headers)
        if not isinstance(error, RemoteFaultError):
            return error
    return BackendError(
        problem.code,
        problem.details,
        retryable=problem.retryable,
        retry_after_seconds=_read_retry_after(headers),
    )


def _judge_bare_status(status: int, headers: Mapping[str, str]) -> YoiError:
    if status == 401:
        return BackendUnauthenticatedError("something in between takes no such token")
    if status in {408, 429} or status >= 500:
        return build_unavailable("unreachable", retry_after_seconds=_read_retry_after(headers))
    return RemoteFaultError("an answer that no Backend gives", request=find_request_id(headers))


def _read_retry_after(headers: Mapping[str, str]) -> int:
    text = headers.get("Retry-After", "")
    return min(int(text), 3600) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _describe(code: str, details: Mapping[str, Any]) -> str:
    if code not in _SENTENCES:
        return str(details.get("message", code.replace(".", ": ").replace("_", " ")))
    try:
        return _SENTENCES[code][0].format_map(details)
    except (KeyError, ValueError):
        return code
