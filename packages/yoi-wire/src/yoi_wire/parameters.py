"""Parameters of queries: name, form and reading, each declared once for routing, OpenAPI and clients."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from msgspec import Struct

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

MAX_NUMBER_DIGITS = 16
"""Every number of a query is at most 2^53 - 1, as those of JSON are; no reader of one has to bound it again."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter of a query.

    Attributes:
        name: As it stands in the query.
        form: Its JSON Schema, for OpenAPI.
        read: From the text of the query to the value; raises RequestInvalidError.
        required: Whether the operation can do without.
        default: The value when it is absent.
        argument: The handler's name for it, where `name` is a word of Python.
    """

    name: str
    form: Mapping[str, Any]
    read: Callable[[str, str], Any]
    required: bool = False
    default: Any = None
    argument: str = ""

    @property
    def key(self) -> str:
        """Name of the handler's and the client's argument."""
        return self.argument or self.name


def text(name: str, *, pattern: str = "", description: str = "", required: bool = False) -> Parameter:
    """Declare a text; an empty one is refused."""
    form: dict[str, Any] = {"type": "string", "minLength": 1}
    if pattern:
        form = {"type": "string", "pattern": pattern}
    if description:
        form["description"] = description
    return Parameter(name=name, form=form, read=_read_text, required=required)


def number(
    name: str, *, default: int | None = None, required: bool = False, argument: str = "", least: int = 0
) -> Parameter:
    """Declare a whole number from `least` to 2^53 - 1."""
    form: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": MAX_SAFE_INTEGER}
    if default is not None:
        form["default"] = default
    return Parameter(
        name=name,
        form=form,
        read=partial(_read_from, least),
        required=required,
        default=default,
        argument=argument,
    )


def flag(name: str) -> Parameter:
    """Declare a switch: `true`, or absent."""
    return Parameter(name=name, form={"type": "string", "enum": ["true"]}, read=_read_flag, default=False)


def instant(name: str) -> Parameter:
    """Declare an instant of RFC 3339, which the handler gets in milliseconds since 1970."""
    return Parameter(name=name, form={"type": "string", "format": "date-time"}, read=_read_instant)


def find_instant(text: str) -> int | None:
    """Return what an instant of RFC 3339 is in milliseconds since 1970; None for any other text."""
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        elapsed = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        return None
    return (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000


def read_query(parameters: tuple[Parameter, ...], pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the values of a query by argument.

    Raises:
        RequestInvalidError: A parameter is unknown, stands twice, is missing, or is not of its form (B-06).
    """
    known = {parameter.name: parameter for parameter in parameters}
    values = {parameter.key: parameter.default for parameter in parameters}
    seen: set[str] = set()
    for name, value in pairs:
        parameter = known.get(name)
        if parameter is None or name in seen:
            raise RequestInvalidError("unknown, or more than once", field=name[:64])
        seen.add(name)
        values[parameter.key] = parameter.read(name, value)
    for parameter in parameters:
        if parameter.required and parameter.name not in seen:
            raise RequestInvalidError("has to be given", field=parameter.name)
    return values


def format_query(parameters: tuple[Parameter, ...], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the query that says these values; None and a switch that is off are left out."""
    query = {}
    for parameter in parameters:
        value = values.get(parameter.key)
        if value is not None and value is not False:
            query[parameter.name] = "true" if value is True else str(value)
    return query


def read_number(name: str, value: str) -> int:
    """Read a whole number.

    Raises:
        RequestInvalidError: It is not one.
    """
    return _read_from(0, name, value)


def _read_from(least: int, name: str, value: str) -> int:
    found = find_number(value)
    if found is None or found < least:
        raise RequestInvalidError("a whole number", field=name)
    return found


def find_number(text: str) -> int | None:
    """Return a whole number of decimal digits, at most 2^53 - 1; None for any other text."""
    if not text.isascii() or not text.isdigit() or len(text) > MAX_NUMBER_DIGITS:
        return None
    found = int(text)
    return found if found <= MAX_SAFE_INTEGER else None


def _read_text(name: str, value: str) -> str:
    if value == "":
        raise RequestInvalidError("a word", field=name)
    return value


def _read_instant(name: str, value: str) -> int:
    found = find_instant(value)
    if found is None:
        raise RequestInvalidError("an instant of RFC 3339: 2026-01-31T12:00:00Z", field=name)
    return found


def _read_flag(name: str, value: str) -> bool:
    if value != "true":
        raise RequestInvalidError("true, or nothing", field=name)
    return True


WORKSPACE_PATTERN = "^[a-z0-9][a-z0-9._-]{0,127}$"
WORKSPACE = text("workspace", pattern=WORKSPACE_PATTERN)
LIMIT = Parameter(
    name="limit",
    form={"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
    read=read_number,
    default=DEFAULT_PAGE_SIZE,
)
CURSOR = text("cursor", description="`next_cursor` of the page before")
PAGE = (CURSOR, LIMIT)
