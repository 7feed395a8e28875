"""From a parsed TOML or YAML table to a typed form, with a diagnostic for each thing that does not fit."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.errors import Fault
from yoi_bundle.faults import find_type_faults

Form = TypeVar("Form")

GUIDE = "see docs/guides/authoring.md"


def read_form(
    values: dict[str, Any],
    expected: type[Form],
    diagnostics: FileDiagnostics,
    *,
    find_line: Callable[[str], int],
) -> Form | None:
    """Convert strictly; unknown keys and wrong types are errors, and then the answer is None.

    Args:
        values: The table; decimal numbers are text in it.
        expected: A struct that forbids unknown fields.
        diagnostics: Gets the errors.
        find_line: Gives the line of a JSON pointer, 0 for unknown.
    """
    try:
        return msgspec.convert(values, expected, strict=True)
    except (msgspec.ValidationError, ValueError) as error:
        reason = str(error)
    faults = find_type_faults(values, expected)
    for fault in faults:
        key = redact_pointer(fault.pointer).removeprefix("/").replace("/", ".")
        remedy = fault.remedy or _suggest(fault) or GUIDE
        diagnostics.error("form.invalid", find_line(fault.pointer), f"`{key}`: {fault.message}", remedy)
    if not faults:
        diagnostics.error("form.invalid", 0, reason.replace("`", "'"), GUIDE)
    return None


def _suggest(fault: Fault) -> str:
    """Say what helps where a list of tools or rules holds a table: YAML took `: ` for a key."""
    listed = fault.pointer.split("/")[1:2] in (["tools"], ["rules"])
    return "put the entry in quotes; a `: ` outside quotes makes a table of it" if listed else ""
