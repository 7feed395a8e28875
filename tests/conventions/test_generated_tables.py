"""The tables of operations in the documents are those that the declarations give."""

import pytest

from support.repository import ROOT
from worker_runtime.rest.app import RUNTIME_INTERFACE
from yoi_wire.documentation import format_operation_table
from yoi_wire.operation import Interface
from yoi_workspace_server.rest.app import BACKEND_INTERFACE


@pytest.mark.parametrize(
    ("name", "interface"), [("runtime-rest.md", RUNTIME_INTERFACE), ("backend-rest.md", BACKEND_INTERFACE)]
)
def test_a_table_of_operations_is_what_the_declarations_give(name: str, interface: Interface) -> None:
    text = (ROOT / "docs" / "spec" / name).read_text(encoding="utf-8")
    assert format_operation_table(interface) in text, "run `make documents`"
