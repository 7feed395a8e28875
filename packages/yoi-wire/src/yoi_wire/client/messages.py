"""Requests and answers of declared operations, as values; no connection is known here."""

import re
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar, cast
from urllib.parse import quote

import msgspec

from yoi_wire.errors import RemoteFaultError, RequestInvalidError
from yoi_wire.operation import Operation
from yoi_wire.parameters import format_query
from yoi_wire.problems import find_request_id

AnswerType = TypeVar("AnswerType")
Value = TypeVar("Value")

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to one peer, without what says who asks.

    Attributes:
        path: Already quoted.
        body: Bytes, or a stream, which is never sent twice.
        repeatable: Whether it may be sent again though its method is not idempotent.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterable[bytes] | None = None
    repeatable: bool = False

    @property
    def is_streamed(self) -> bool:
        """Whether the body is a stream."""
        return self.body is not None and not isinstance(self.body, bytes)

    @property
    def can_be_repeated(self) -> bool:
        """Whether sending it a second time can do no harm (RFC 9110, section 9.2.2)."""
        return not self.is_streamed and (self.repeatable or self.method in _IDEMPOTENT_METHODS)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer, whatever its status.

    Attributes:
        headers: By any spelling that the mapping knows.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def build_request(
    operation: Operation[AnswerType],
    arguments: Mapping[str, object],
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    media_type: str | None = None,
) -> Request:
    """Return the request that asks for an operation.

    Args:
        operation: Which one.
        arguments: Parameters of path and query, and `body`, by the names that its handler has for them.
        headers: Beside those that the operation itself asks for.
        media_type: Of the answer; absent, none is asked for, and the one comes that the operation prefers.

    Raises:
        TypeError: An argument is missing, or is none of the operation's.
        RequestInvalidError: A parameter of the path is no single segment.
    """
    _verify_arguments(operation, arguments)
    sent_type = "application/json" if operation.body is not None else operation.raw_body
    own = {"Accept": media_type, "Content-Type": sent_type}
    body = arguments.get("body")
    return Request(
        method=operation.method,
        path=_PLACE.sub(lambda place: _quote_segment(place[1], str(arguments[place[1]])), operation.path),
        query=format_query(operation.query, arguments),
        headers={**{name: value for name, value in own.items() if value is not None}, **headers},
        body=msgspec.json.encode(body)
        if operation.body is not None
        else cast("bytes | AsyncIterable[bytes] | None", body),
        repeatable=operation.repeatable,
    )


def decode_answer(operation: Operation[AnswerType], answer: Answer) -> AnswerType:
    """Return what an answer of success holds: a value of the operation's type, its bytes, or None.

    Members of an object that this version does not know are passed over.

    Raises:
        RemoteFaultError: What answered is no peer of this interface.
    """
    if operation.answer is not None:
        return decode_json(answer, answer.body, operation.answer)
    if operation.answer_media_type is not None:
        return cast("AnswerType", answer.body)
    if answer.status not in operation.statuses:
        raise build_form_error(answer)
    return cast("AnswerType", None)


def decode_json(answer: Answer, data: bytes, expected: type[Value]) -> Value:
    """Return a value that stands in an answer, in its body or in a header.

    Raises:
        RemoteFaultError: It is of another form.
    """
    try:
        return msgspec.json.decode(data, type=expected)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise build_form_error(answer) from None


def build_form_error(answer: Answer) -> RemoteFaultError:
    """Return the error of an answer that no peer of this interface gives."""
    return RemoteFaultError("an answer of another form", request=find_request_id(answer.headers))


def _verify_arguments(operation: Operation[AnswerType], arguments: Mapping[str, object]) -> None:
    required = {*operation.path_names, *(one.key for one in operation.query if one.required)}
    if operation.body is not None or operation.raw_body is not None:
        required.add("body")
    wrong = (required - arguments.keys()) | (arguments.keys() - operation.arguments)
    if wrong:
        raise TypeError(f"{operation.method} {operation.path}: {sorted(wrong)} missing, or not taken")


def _quote_segment(name: str, text: str) -> str:
    """Write a text as one segment of a path (RFC 3986); a digest keeps its colon."""
    if text in {"", ".", ".."}:
        raise RequestInvalidError("a name", field=text or name)
    return quote(text, safe=":")
