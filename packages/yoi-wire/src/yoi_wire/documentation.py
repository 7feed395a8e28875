"""The REST surface as a page for people: one file, no scripts, nothing loaded from anywhere."""

import base64
import hashlib
from functools import cache
from html import escape
from http import HTTPStatus
from typing import Any

from yoi_wire.operation import Interface, Operation

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
code, .path { font-family: ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid; padding: .4rem .6rem .4rem 0; text-align: left; vertical-align: top; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } a { color: #9cf; } }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode("utf-8")).digest()).decode("ascii")

DOCUMENTATION_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""A browser shows the page and does nothing else with it."""


@cache
def build_documentation(interface: Interface) -> bytes:
    """Return the page; the same for everybody, and of the operation table alone."""
    rows = "\n".join(_format_row(operation) for operation in interface.operations.values())
    title, right = escape(interface.title), escape(interface.right)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{title} {escape(interface.version)}</h1>
<p>What each operation takes and gives, by types: <a href="openapi.json"><code>openapi.json</code></a>. An operation with a
{right} needs <code>Authorization: Bearer TOKEN</code>, a token that has this {right}. Every error is an
<code>application/problem+json</code> with <code>code</code>, <code>retryable</code> and <code>details</code>.</p>
<table>
<thead><tr><th>Operation</th><th>Does</th><th>{right.title()}</th><th>Takes</th><th>Answers</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
""".encode()


def _format_row(operation: Operation[Any]) -> str:
    cells = (
        f'<td class="path">{escape(f"{operation.method} {operation.path}")}</td>',
        f"<td>{escape(operation.summary)}</td>",
        f"<td>{f'<code>{escape(operation.right)}</code>' if operation.right else 'none'}</td>",
        f"<td>{_format_codes(_list_inputs(operation))}</td>",
        f"<td>{escape(', '.join(f'{status} {HTTPStatus(status).phrase}' for status in operation.statuses))}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _list_inputs(operation: Operation[Any]) -> list[str]:
    body = [operation.body.__name__] if operation.body is not None else []
    raw = [operation.raw_body, *operation.encodings] if operation.raw_body is not None else []
    query = [f"?{parameter.name}=" for parameter in operation.query]
    return [*body, *raw, *query, *operation.required_headers, *operation.headers]


def _format_codes(names: list[str]) -> str:
    return ", ".join(f"<code>{escape(name)}</code>" for name in names)


def format_operation_table(interface: Interface) -> str:
    """Return the operations as a Markdown table, as the documents hold it."""
    lines = [
        f"| method | path | does | {interface.right} | takes | answers |",
        "|---|---|---|---|---|---|",
    ]
    for operation in interface.operations.values():
        cells = (
            operation.method,
            f"`{operation.path}`",
            operation.summary,
            f"`{operation.right}`" if operation.right else "–",
            ", ".join(f"`{name}`" for name in _list_inputs(operation)) or "–",
            ", ".join(str(status) for status in operation.statuses),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
