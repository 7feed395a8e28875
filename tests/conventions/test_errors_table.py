"""docs/errors.md, the error classes and the exit codes say the same."""

import ast
import importlib
import inspect
import textwrap
from pathlib import Path

from support.repository import ROOT, list_sources, name_module, parse, read_table
from yoi.shell.exit_codes import EXIT_CODES
from yoi_bundle.errors import YoiError

_TABLE = {row["code"]: row for row in read_table(ROOT / "docs" / "errors.md", "code")}


def _defines_an_error(path: Path) -> bool:
    return any(
        isinstance(node, ast.ClassDef) and node.name.endswith("Error") and node.bases
        for node in ast.walk(parse(path))
    )


def _list_classes(root: type[YoiError] = YoiError) -> list[type[YoiError]]:
    below = root.__subclasses__()
    return [*below, *(deeper for one in below for deeper in _list_classes(one))]


for _path in list_sources():
    if _defines_an_error(_path):
        importlib.import_module(name_module(_path))
_CLASSES = [
    one
    for one in _list_classes()
    if one.__module__.partition(".")[0]
    in {"yoi_bundle", "yoi_wire", "worker_runtime", "yoi_workspace_server", "yoi"}
]


def _read_details(error_class: type[YoiError]) -> set[str]:
    """Return the keys of the first dict that `details` writes."""
    function = ast.parse(textwrap.dedent(inspect.getsource(error_class.details)))
    written = next((node for node in ast.walk(function) if isinstance(node, ast.Dict)), None)
    return {str(ast.literal_eval(key)) for key in written.keys if key is not None} if written else set()


def test_every_class_stands_in_the_table() -> None:
    assert len(_TABLE) > 40
    assert len(_CLASSES) > 20
    assert {one.__name__: one.code for one in _CLASSES if one.code not in _TABLE} == {}


def test_every_row_has_a_class_or_is_a_reason() -> None:
    raised = {one.code for one in _CLASSES} | {YoiError.code}
    assert {code for code, row in _TABLE.items() if row["HTTP"] != "reason"} - raised == set()


def test_class_and_table_agree_on_what_is_retryable() -> None:
    wrong = {
        one.code: one.retryable
        for one in _CLASSES
        if one.retryable is not (_TABLE[one.code]["retryable"] == "yes")
    }
    assert wrong == {}


def test_classes_and_table_agree_on_the_details() -> None:
    written: dict[str, set[str]] = {}
    for one in _CLASSES:
        written.setdefault(one.code, set()).update(_read_details(one))
    said = {code: set(_TABLE[code]["details"].replace("–", "").replace(",", " ").split()) for code in written}
    assert written == said


def test_every_code_has_the_exit_code_that_the_table_says() -> None:
    assert {code: int(row["exit"]) for code, row in _TABLE.items()} == dict(EXIT_CODES)


def test_a_status_is_one_of_http_or_a_reason() -> None:
    for code, row in _TABLE.items():
        assert row["HTTP"] == "reason" or 400 <= int(row["HTTP"]) < 600, code
