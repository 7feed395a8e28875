"""A REST surface as a table: what OpenAPI documents, pages for people and `Allow` headers are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct


class OperationDocument(Struct, frozen=True, kw_only=True):
    """One row of the REST table.

    Attributes:
        summary: What it does.
        scope: What a token has to allow; None for what anybody may ask.
        answer: Type of the JSON answer; None for one without a body, or of other bytes.
        answer_media_type: Of an answer that is not JSON of ours.
        statuses: Of success.
        body: Type of the JSON body.
        raw_body: Media type of a body that is taken as it is.
        encodings: Content codings that are taken beside none.
        query: Names of query parameters that are optional.
        required_query: Names of those that are not.
        headers: Names of request headers that are optional.
        required_headers: Names of those that are not.
        answer_headers: Names of headers on every answer of success.
        conflict_headers: Names of headers that a 409 may have.
        event_stream: Whether the answer may come as Server-Sent Events.
        errors: Statuses of refusals beside those that every operation has.
    """

    summary: str
    scope: str | None = None
    answer: Any = None
    answer_media_type: str | None = None
    statuses: tuple[int, ...] = (200,)
    body: Any = None
    raw_body: str | None = None
    encodings: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    required_query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    required_headers: tuple[str, ...] = ()
    answer_headers: tuple[str, ...] = ()
    conflict_headers: tuple[str, ...] = ()
    event_stream: bool = False
    errors: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Interface:
    """The operations of one program, and the words that they use.

    Attributes:
        title: Name of the program.
        version: Of the program.
        root: What all paths with a version begin with.
        right: What the program calls what a token has to allow.
        operations: Method and path template → what is taken and given.
        path_parameters: Name → schema, for every name in a template.
        query_parameters: Likewise, for every name in a query.
        request_headers: Likewise, for every header that is taken.
        answer_headers: Name → description.
        caller_headers: Names of headers that every operation with a scope takes.
        problem_members: Name → schema of what a problem may have beside the usual members.
    """

    title: str
    version: str
    root: str
    right: str
    operations: Mapping[tuple[str, str], OperationDocument]
    path_parameters: Mapping[str, dict[str, Any]]
    query_parameters: Mapping[str, dict[str, Any]]
    request_headers: Mapping[str, dict[str, Any]]
    answer_headers: Mapping[str, str]
    caller_headers: tuple[str, ...] = ()
    problem_members: Mapping[str, dict[str, Any]] = field(default_factory=dict)
