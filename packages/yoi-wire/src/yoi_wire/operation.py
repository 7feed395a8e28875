"""Operations of a REST surface, each declared once: routing, rights, OpenAPI, documentation and clients derive from it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from yoi_wire.parameters import Parameter

AnswerType = TypeVar("AnswerType")
Reach: TypeAlias = Literal["own", "workspace", "worker", "whole"]
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation(Generic[AnswerType]):
    """One operation; of type `Operation[bytes]` where the answer is other bytes, `Operation[None]` where it has none.

    Attributes:
        method: Of HTTP.
        path: Template of its path, with `{name}` for each parameter.
        summary: What it does.
        right: What a token has to allow; `any` for whoever is known, None for what anybody may ask.
        reach: What the right has to cover: what the token itself names, the workspace of the path, that of the
            Worker of the path, or all workspaces.
        answer: Type of the JSON answer; None for one without a body, or of other bytes.
        answer_media_type: Of an answer that is not JSON of ours.
        statuses: Of success; the first is that of an answer that names no other.
        body: Type of the JSON body.
        raw_body: Media type of a body that the handler reads as it comes.
        encodings: Content codings that are taken beside none.
        query: Parameters of the query; any other is refused.
        headers: Names of request headers that are optional.
        required_headers: Names of those that are not.
        answer_headers: Names of headers on every answer of success.
        conflict_headers: Names of headers that a 409 may have.
        event_stream: Whether the answer may come as Server-Sent Events.
        errors: Statuses of refusals beside those that every operation has.
        repeatable: Whether a client may ask again after a cut, though the method does not say so.
    """

    method: str
    path: str
    summary: str
    right: str | None = None
    reach: Reach = "own"
    answer: type[AnswerType] | None = None
    answer_media_type: str | None = None
    statuses: tuple[int, ...] = (200,)
    body: Any = None
    raw_body: str | None = None
    encodings: tuple[str, ...] = ()
    query: tuple[Parameter, ...] = ()
    headers: tuple[str, ...] = ()
    required_headers: tuple[str, ...] = ()
    answer_headers: tuple[str, ...] = ()
    conflict_headers: tuple[str, ...] = ()
    event_stream: bool = False
    errors: tuple[int, ...] = ()
    repeatable: bool = False

    @cached_property
    def path_names(self) -> tuple[str, ...]:
        """Names of the parameters in the path."""
        return tuple(_PARAMETER.findall(self.path))

    @cached_property
    def arguments(self) -> frozenset[str]:
        """Names of what a handler is called with."""
        body = {"body"} if self.body is not None or self.raw_body is not None else set()
        return frozenset(self.path_names) | {parameter.key for parameter in self.query} | body

    @cached_property
    def answer_media_types(self) -> tuple[str, ...]:
        """Media types that the operation can answer with, the preferred one first."""
        stream = ("text/event-stream",) if self.event_stream else ()
        if self.answer is not None:
            return ("application/json", *stream)
        return (*((self.answer_media_type,) if self.answer_media_type else ()), *stream)


@dataclass(frozen=True, kw_only=True, eq=False)
class Interface:
    """The operations of one program, and the words that they use.

    Attributes:
        title: Name of the program.
        version: Of the program.
        root: What all paths with a version begin with.
        right: What the program calls what a token has to allow.
        operations: By method and path template.
        path_parameters: Name → schema, for every name in a template.
        request_headers: Likewise, for every header that is taken.
        answer_headers: Name → description.
        caller_headers: Names of headers that every operation with a right takes.
        problem_members: Name → schema of what a problem may have beside the usual members.
    """

    title: str
    version: str
    root: str
    right: str
    operations: Mapping[tuple[str, str], Operation[Any]]
    path_parameters: Mapping[str, dict[str, Any]]
    request_headers: Mapping[str, dict[str, Any]]
    answer_headers: Mapping[str, str]
    caller_headers: tuple[str, ...] = ()
    problem_members: Mapping[str, dict[str, Any]] = field(default_factory=dict)


def index_operations(operations: Iterable[Operation[Any]]) -> Mapping[tuple[str, str], Operation[Any]]:
    """Return operations by method and path; a ValueError names one that is declared twice."""
    indexed: dict[tuple[str, str], Operation[Any]] = {}
    for operation in operations:
        key = (operation.method, operation.path)
        if key in indexed:
            raise ValueError(f"{key} is declared twice")
        indexed[key] = operation
    return MappingProxyType(indexed)


def list_declared(namespace: Mapping[str, Any]) -> tuple[Operation[Any], ...]:
    """Return the operations among a module's names, in the order of their declaration."""
    return tuple(value for value in namespace.values() if isinstance(value, Operation))
