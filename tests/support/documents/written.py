"""The documents that follow from the sources: `make documents` writes them, a test compares them."""

from collections.abc import Callable, Mapping
from functools import partial

from support.documents.error_table import replace_error_table
from support.documents.library_reference import format_library_reference
from support.documents.operation_table import replace_operation_table
from support.repository import ROOT
from worker_runtime.rest.app import RUNTIME_INTERFACE
from yoi_workspace_server.rest.app import BACKEND_INTERFACE

DOCUMENTS: Mapping[str, Callable[[str], str]] = {
    "docs/errors.md": replace_error_table,
    "docs/reference/library.md": lambda _: format_library_reference(),
    "docs/spec/backend-rest.md": partial(replace_operation_table, interface=BACKEND_INTERFACE),
    "docs/spec/runtime-rest.md": partial(replace_operation_table, interface=RUNTIME_INTERFACE),
}
"""From a document's text to what it should be, by path."""


def main() -> None:
    for name, write in DOCUMENTS.items():
        path = ROOT / name
        former = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(write(former), encoding="utf-8")


if __name__ == "__main__":
    main()
