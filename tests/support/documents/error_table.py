"""The table of docs/errors.md, made from the error classes; `make documents` writes it.

A class that only specialises the class of its code adds details to that code's row.
"""

import importlib
from collections.abc import Iterator

from support.repository import PACKAGES, list_sources, name_module
from yoi.shell.exit_codes import get_exit_code
from yoi_bundle.error_fields import LOCAL
from yoi_bundle.errors import ERROR_CLASSES, YoiError
from yoi_wire.backend.errors import BackendError
from yoi_wire.errors import REASON_CODES

_HEAD = "| code | rule | HTTP | retryable | exit | details | from |\n|---|---|---|---|---|---|---|\n"
_OURS = {name.replace("-", "_") for name in PACKAGES}


def list_error_classes() -> tuple[type[YoiError], ...]:
    """Return every error class of the packages."""
    for path in list_sources():
        if "Error(" in path.read_text(encoding="utf-8"):
            importlib.import_module(name_module(path))
    return tuple(one for one in _list_below(YoiError) if one.__module__.partition(".")[0] in _OURS)


def list_details(error_class: type[YoiError]) -> list[str]:
    """Return the names of a class's details, in order."""
    return [
        name for name, hint in error_class.fields.items() if LOCAL not in getattr(hint, "__metadata__", ())
    ]


def list_codes() -> list[str]:
    """Return every code that a class of the packages declares."""
    return sorted({one.code for one in list_error_classes() if ERROR_CLASSES.get(one.code) is one})


def format_table() -> str:
    """Return the table of the document."""
    rows = {code: _format_row(code) for code in list_codes()}
    for code, rule in REASON_CODES.items():
        rows[code] = f"| `{code}` | {rule} | reason | no | 1 | kind, id | Runtime |"
    return _HEAD + "".join(f"{rows[code]}\n" for code in sorted(rows))


def replace_error_table(text: str) -> str:
    """Return the document with the table in the place of the one that stands there."""
    return text[: text.index(_HEAD)] + format_table()


def _format_row(code: str) -> str:
    declared = ERROR_CLASSES[code]
    details = dict.fromkeys(
        name for one in list_error_classes() if issubclass(one, declared) for name in list_details(one)
    )
    cells = (
        f"`{code}`",
        declared.req or "–",
        str(declared.status),
        "yes" if declared.retryable else "no",
        str(get_exit_code(declared)),
        ", ".join(details) or "–",
        "Backend" if issubclass(declared, BackendError) else "Runtime",
    )
    return f"| {' | '.join(cells)} |"


def _list_below(root: type[YoiError]) -> Iterator[type[YoiError]]:
    for one in root.__subclasses__():
        yield one
        yield from _list_below(one)
