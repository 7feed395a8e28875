"""From a parsed TOML or YAML table to a typed form, with a diagnostic for each thing that does not fit."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from yoi_bundle.authoring.source.walk import show_path
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.errors import Fault
from yoi_bundle.faults import find_type_faults

Form = TypeVar("Form")


def read_form(
    values: dict[str, Any], expected: type[Form], *, file: str, find_line: Callable[[str], int]
) -> Form | tuple[Diagnostic, ...]:
    """Convert strictly; unknown keys and wrong types are errors.

    Args:
        values: The table; decimal numbers are text in it.
        expected: A struct that forbids unknown fields.
        file: The file's path.
        find_line: Gives the line of a JSON pointer, 0 for unknown.
    """
    try:
        return msgspec.convert(values, expected, strict=True)
    except (msgspec.ValidationError, ValueError) as error:
        reason = str(error)
    faults = find_type_faults(values, expected)
    if not faults:
        return (_make_diagnostic(file, 0, reason.replace("`", "'"), ""),)
    return tuple(
        _make_diagnostic(
            file,
            find_line(fault.pointer),
            f"`{redact_pointer(fault.pointer).removeprefix('/').replace('/', '.')}`: {fault.message}",
            fault.remedy or _suggest(fault),
        )
        for fault in faults
    )


def _suggest(fault: Fault) -> str:
    """Say what helps where a list of tools or rules holds a table: YAML took `: ` for a key."""
    listed = fault.pointer.split("/")[1:2] in (["tools"], ["rules"])
    return "put the entry in quotes; a `: ` outside quotes makes a table of it" if listed else ""


def _make_diagnostic(file: str, line: int, message: str, remedy: str) -> Diagnostic:
    return Diagnostic(
        severity="error",
        rule="form.invalid",
        file=show_path(file),
        line=line,
        message=message,
        remedy=remedy or "see docs/guides/authoring.md",
    )
