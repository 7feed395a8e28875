"""Structured log of a program: one JSON line an event; never a token, a body or a value of one."""

import logging
import traceback
from collections.abc import MutableMapping
from typing import Any

import msgspec

from yoi_bundle.errors import YoiError

_REQUEST_ID_KEY = "yoi_request_id"
_CODE_KEY = "yoi_problem_code"


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; `extra={"facts": {...}}` gives further members."""

    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **facts,
        }
        return msgspec.json.encode(line).decode("utf-8")


class EventLog:
    """The log of one program.

    Args:
        name: Of its logger.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def event(self, event: str, **facts: Any) -> None:
        self._logger.info(event, extra={"facts": facts})

    def refusal(self, scope: Any, error: YoiError) -> None:
        """Log what was refused; for a token also which check failed, which the caller is not told (K-09)."""
        facts = {"request": get_request_id(scope), "code": error.code}
        reason = getattr(error, "reason", None)
        if isinstance(reason, str):
            facts["reason"] = reason
        self._logger.info("refused", extra={"facts": facts})

    def fault(self, scope: Any, error: BaseException) -> None:
        """Log where this program failed: the places, without the values in the exception's own text."""
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{frame.name}:{frame.lineno}" for frame in frames][-12:]
        facts = {"request": get_request_id(scope), "error": type(error).__name__, "places": places}
        self._logger.error("fault", extra={"facts": facts})


def set_request_id(scope: MutableMapping[str, Any], request_id: str) -> None:
    scope[_REQUEST_ID_KEY] = request_id


def get_request_id(scope: Any) -> str:
    """Return the id that the middleware gave a request."""
    return str(scope.get(_REQUEST_ID_KEY, ""))


def note_problem(scope: Any, code: str) -> None:
    """Keep what a request was answered with, for the log and the trace."""
    scope[_CODE_KEY] = code


def get_problem_code(scope: Any) -> str | None:
    """Return the code of the problem that a request was answered with; None when it was none."""
    code = scope.get(_CODE_KEY)
    return None if code is None else str(code)
