"""The table of operations in docs/spec, made from the declared operations; `make documents` writes it."""

from yoi_wire.documentation import format_operation_table
from yoi_wire.operation import Interface


def replace_operation_table(text: str, interface: Interface) -> str:
    """Return the document with the table in the place of the one that stands there."""
    table = format_operation_table(interface)
    head, line, rest = text.partition(table[: table.index("\n") + 1])
    if not line:
        raise ValueError(f"the document has no table of {interface.title}")
    rows = rest.splitlines(keepends=True)
    after = next((index for index, row in enumerate(rows) if not row.startswith("|")), len(rows))
    return head + table + "".join(rows[after:])
