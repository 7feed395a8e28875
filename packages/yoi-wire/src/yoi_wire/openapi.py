"""The OpenAPI document, generated from the operations and the types that they take and give."""

import re
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec

from yoi_wire.operation import Interface, Operation

_REFERENCE = "#/components/schemas/{name}"
_PATTERN_END = "(?!\\n)$"

# Whatever is asked: a wrong form, no proof, not allowed, too much at once, not able to serve, a fault.
_ALWAYS = (400, 405, 429, 431, 500, 503)
_AUTHENTICATED = (401, 403)
_NEGOTIATED = (406,)
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
def build_openapi(interface: Interface) -> bytes:
    """Return the document as JSON."""
    operations = interface.operations
    types = [
        kind
        for operation in operations.values()
        for kind in (operation.answer, operation.body)
        if kind is not None
    ]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    found = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in operations.items():
        answer = next(found) if operation.answer is not None else None
        body = next(found) if operation.body is not None else None
        paths.setdefault(path, {})[method.lower()] = _Description(interface, operation).describe(answer, body)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": interface.title, "version": interface.version},
            "paths": paths,
            "components": {
                "schemas": {**_repair_patterns(components), "Problem": _describe_problem(interface)},
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


class _Description:
    """An operation in the document's words."""

    def __init__(self, interface: Interface, operation: Operation[Any]) -> None:
        self._interface = interface
        self._operation = operation

    def describe(self, answer: Any, body: Any) -> dict[str, Any]:
        """Return the operation; its types are schemas by now."""
        operation = self._operation
        described: dict[str, Any] = {
            "operationId": self._name(),
            "summary": operation.summary,
            "parameters": self._describe_parameters(),
            "responses": self._describe_answers(answer),
        }
        if operation.right is not None:
            described["security"] = [{"token": []}]
            described[f"x-{self._interface.right}"] = operation.right
        if body is not None:
            described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
        if operation.raw_body is not None:
            described["requestBody"] = {"required": True, "content": {operation.raw_body: {}}}
        return described

    def _describe_parameters(self) -> list[dict[str, Any]]:
        operation, interface = self._operation, self._interface
        described = [
            {"name": name, "in": "path", "required": True, "schema": interface.path_parameters[name]}
            for name in operation.path_names
        ]
        for parameter in sorted(operation.query, key=lambda parameter: not parameter.required):
            described.append(
                {
                    "name": parameter.name,
                    "in": "query",
                    "required": parameter.required,
                    "schema": parameter.form,
                }
            )
        for name in (*operation.required_headers, *operation.headers):
            described.append(self._describe_header(name, required=name in operation.required_headers))
        if operation.encodings:
            described.append(
                self._describe_header("Content-Encoding", choices=("identity", *operation.encodings))
            )
        if operation.right is not None:
            described += [self._describe_header(name) for name in interface.caller_headers]
        return described

    def _describe_header(
        self, name: str, *, required: bool = False, choices: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        schema = self._interface.request_headers[name]
        if choices:
            schema = {**schema, "enum": list(choices)}
        return {"name": name, "in": "header", "required": required, "schema": schema}

    def _describe_answers(self, answer: Any) -> dict[str, Any]:
        operation = self._operation
        content: dict[str, Any] = {}
        if answer is not None:
            content = {"application/json": {"schema": answer}}
        elif operation.answer_media_type is not None:
            content = {operation.answer_media_type: {}}
        if operation.event_stream:
            content["text/event-stream"] = {}
        described: dict[str, Any] = {}
        for status in operation.statuses:
            described[str(status)] = self._describe_answer(status, operation.answer_headers)
            if content and status not in {204, 304}:
                described[str(status)]["content"] = content
        problem = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}
        for status in _list_refusals(operation):
            headers = ("Yoi-Problem",) if self._operation.method == "HEAD" else ()
            described[str(status)] = self._describe_answer(status, headers)
            if self._operation.method != "HEAD":
                described[str(status)]["content"] = problem
        if operation.conflict_headers:
            optional = self._describe_answer_headers(operation.conflict_headers, required=False)
            described["409"]["headers"].update(optional)
        return described

    def _describe_answer(self, status: int, headers: tuple[str, ...]) -> dict[str, Any]:
        names = ("Yoi-Request-Id", *headers, *_STATUS_HEADERS.get(status, ()))
        return {
            "description": HTTPStatus(status).phrase,
            "headers": self._describe_answer_headers(names, required=True),
        }

    def _describe_answer_headers(self, names: tuple[str, ...], *, required: bool) -> dict[str, Any]:
        known = self._interface.answer_headers
        return {
            name: {"description": known[name], "required": required, "schema": {"type": "string"}}
            for name in names
        }

    def _name(self) -> str:
        words = re.findall(
            r"[a-z]+", re.sub(r"\{\w+\}", " ", self._operation.path.removeprefix(self._interface.root))
        )
        ending = "_one" if self._operation.path.endswith("}") else ""
        return "_".join([self._operation.method.lower(), *words]) + ending


def _list_refusals(operation: Operation[Any]) -> list[int]:
    authenticated = _AUTHENTICATED if operation.right is not None else ()
    negotiated = _NEGOTIATED if operation.answer_media_types else ()
    too_large = (408, 413) if operation.body is not None else ()
    return sorted(
        {*_ALWAYS, *authenticated, *negotiated, *too_large, *operation.errors} - set(operation.statuses)
    )


def _describe_problem(interface: Interface) -> dict[str, Any]:
    properties = {**_PROBLEM_SCHEMA["properties"], **interface.problem_members}
    return {**_PROBLEM_SCHEMA, "properties": properties}


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
