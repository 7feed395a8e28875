"""Parameters of queries: name, form and reading, each declared once for routing, OpenAPI and clients."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

MAX_NUMBER_DIGITS = 16
"""Every number of a query is below 10^16; no reader of one has to bound it again."""


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


def number(name: str, *, default: int | None = None, required: bool = False, argument: str = "") -> Parameter:
    """Declare a whole number, at least 0."""
    form: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 10**MAX_NUMBER_DIGITS - 1}
    if default is not None:
        form["default"] = default
    return Parameter(
        name=name, form=form, read=read_number, required=required, default=default, argument=argument
    )


def flag(name: str) -> Parameter:
    """Declare a switch: `true`, or absent."""
    return Parameter(name=name, form={"type": "string", "enum": ["true"]}, read=_read_flag, default=False)


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
    if not value.isascii() or not value.isdigit() or len(value) > MAX_NUMBER_DIGITS:
        raise RequestInvalidError("a whole number", field=name)
    return int(value)


def _read_text(name: str, value: str) -> str:
    if value == "":
        raise RequestInvalidError("a word", field=name)
    return value


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
