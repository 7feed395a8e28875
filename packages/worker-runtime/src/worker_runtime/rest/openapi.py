"""The OpenAPI document, generated from the operations and the types that they take and give."""

import re
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec

from worker_runtime.rest.callers import WORKSPACES_HEADER
from worker_runtime.rest.openapi_documents import OPERATIONS, OperationDocument
from worker_runtime.rest.openapi_parameters import (
    PATH_PARAMETERS,
    QUERY_PARAMETERS,
    describe_answer_headers,
    describe_request_header,
)
from worker_runtime.transfer.headers import LEASE_EXPIRES_HEADER

_REFERENCE = "#/components/schemas/{name}"
_PATTERN_END = "(?!\\n)$"

# Whatever is asked: a wrong form, no proof, not allowed, too much at once, not able to serve, a fault.
_ALWAYS = (400, 405, 429, 431, 500, 503)
_AUTHENTICATED = (401, 403)
# Every answer has its request's id; some statuses are to say more (RFC 9110, RFC 6750).
_STATUS_HEADERS = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "instance", "code", "retryable", "details"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "retryable": {"type": "boolean"},
        "details": {"type": "object"},
    },
}


@cache
def build_openapi() -> bytes:
    """Return the document as JSON."""
    types = [kind for one in OPERATIONS.values() for kind in (one.answer, one.body) if kind is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    found = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), one in OPERATIONS.items():
        answer = next(found) if one.answer is not None else None
        body = next(found) if one.body is not None else None
        paths.setdefault(path, {})[method.lower()] = _describe(method, path, one, answer, body)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Yoi Runtime", "version": version("worker-runtime")},
            "paths": paths,
            "components": {
                "schemas": {**_repair_patterns(components), "Problem": _PROBLEM_SCHEMA},
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _describe(method: str, path: str, one: OperationDocument, answer: Any, body: Any) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _name(method, path),
        "summary": one.summary,
        "parameters": _describe_parameters(path, one),
        "responses": _describe_answers(method, one, answer),
    }
    if one.scope is not None:
        described["security"] = [{"token": []}]
        described["x-scope"] = one.scope
    if body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if one.raw_body is not None:
        described["requestBody"] = {"required": True, "content": {one.raw_body: {}}}
    return described


def _describe_parameters(path: str, one: OperationDocument) -> list[dict[str, Any]]:
    described = [
        {"name": name, "in": "path", "required": True, "schema": PATH_PARAMETERS[name]}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    for name in (*one.required_query, *one.query):
        required = name in one.required_query
        described.append(
            {"name": name, "in": "query", "required": required, "schema": QUERY_PARAMETERS[name]}
        )
    for name in (*one.required_headers, *one.headers):
        required = name in one.required_headers
        described.append(_describe_header(name, required=required))
    if one.encodings:
        described.append(_describe_header("Content-Encoding", choices=("identity", *one.encodings)))
    if one.scope is not None:
        described.append(_describe_header(WORKSPACES_HEADER))
    return described


def _describe_header(name: str, *, required: bool = False, choices: tuple[str, ...] = ()) -> dict[str, Any]:
    schema = describe_request_header(name, choices)
    return {"name": name, "in": "header", "required": required, "schema": schema}


def _describe_answers(method: str, one: OperationDocument, answer: Any) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if answer is not None:
        content = {"application/json": {"schema": answer}}
    elif one.answer_media_type is not None:
        content = {one.answer_media_type: {}}
    if one.event_stream:
        content["text/event-stream"] = {}
    described: dict[str, Any] = {}
    for status in one.statuses:
        described[str(status)] = _describe_answer(status, one.answer_headers)
        if content and status not in {204, 304}:
            described[str(status)]["content"] = content
    problem = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}
    for status in _list_refusals(one):
        described[str(status)] = _describe_answer(status, ("Yoi-Problem",) if method == "HEAD" else ())
        if method != "HEAD":
            described[str(status)]["content"] = problem
    if one.raw_body is not None:
        lease = describe_answer_headers((LEASE_EXPIRES_HEADER,), required=False)
        described["409"]["headers"].update(lease)
    return described


def _describe_answer(status: int, headers: tuple[str, ...]) -> dict[str, Any]:
    names = ("Yoi-Request-Id", *headers, *_STATUS_HEADERS.get(status, ()))
    return {
        "description": HTTPStatus(status).phrase,
        "headers": describe_answer_headers(names, required=True),
    }


def _list_refusals(one: OperationDocument) -> list[int]:
    always = _ALWAYS if one.scope is None else _ALWAYS + _AUTHENTICATED
    too_large = (408, 413) if one.body is not None else ()
    return sorted({*always, *too_large, *one.errors} - set(one.statuses))


def _name(method: str, path: str) -> str:
    words = re.findall(r"[a-z]+", re.sub(r"\{\w+\}|/v1/", " ", path))
    return "_".join([method.lower(), *words]) + ("_one" if path.endswith("}") else "")


def _repair_patterns(schema: Any) -> Any:
    """Say a pattern's end as other dialects do: only Python's `$` lets a line break stand before it."""
    match schema:
        case dict():
            return {
                key: value.replace(_PATTERN_END, "$")
                if key == "pattern" and isinstance(value, str)
                else _repair_patterns(value)
                for key, value in schema.items()
            }
        case list():
            return [_repair_patterns(value) for value in schema]
        case _:
            return schema
