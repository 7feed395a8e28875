"""The reference of the library, docs/reference/library.md, made from what the packages' roots offer."""

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import msgspec

import worker_runtime
import yoi_bundle
import yoi_wire
from support.repository import PACKAGES
from yoi_bundle.errors import YoiError

ROOTS: tuple[ModuleType, ...] = (yoi_bundle, worker_runtime, yoi_wire)
_OURS = tuple(name.replace("-", "_") for name in PACKAGES)
_HEAD = """# The library

Written by `make documents` from `__all__` of the packages' roots. What these names promise and how long they stay is said in
[the guide](../guides/library.md). A name that stands below several roots is one object.
"""


def find_declaration(root: ModuleType, name: str) -> tuple[str, ast.stmt, str]:
    """Return the module that declares a public name, its statement there, and its docstring."""
    module = _find_module(root, name)
    body = _parse(module).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if name in _list_names(statement):
            return module, statement, _read_docstring(statement, following)
    raise LookupError(f"{module} does not declare {name}")


def format_library_reference() -> str:
    """Return the document."""
    return _HEAD + "".join(_format_root(root) for root in ROOTS)


def _format_root(root: ModuleType) -> str:
    names = sorted(root.__all__, key=str.casefold)
    return f"\n## `{root.__name__}`\n" + "".join(_format_name(root, name) for name in names)


def _format_name(root: ModuleType, name: str) -> str:
    module, statement, docstring = find_declaration(root, name)
    says = docstring.partition("\n\n")[0].replace("\n", " ").strip()
    kind, signature = _describe(getattr(root, name), name, statement)
    return f"\n### `{name}`\n\n```python\n{signature}\n```\n\n{kind} of `{module}`. {says}\n"


def _describe(value: object, name: str, statement: ast.stmt) -> tuple[str, str]:
    """Return the kind of a public name, and its signature as the source has it."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            word = "async def" if isinstance(statement, ast.AsyncFunctionDef) else "def"
            return (
                "Function",
                f"{word} {name}{_format_arguments(statement.args)} -> {_unparse(statement.returns)}",
            )
        case ast.ClassDef() if isinstance(value, type):
            methods = "".join(f"\n    {line}" for line in _list_methods(statement))
            kind = "Protocol" if getattr(value, "_is_protocol", False) else "Class"
            return "Error" if issubclass(value, BaseException) else kind, _format_class(value) + methods
        case ast.AnnAssign(annotation=annotation) if _unparse(annotation) == "TypeAlias":
            return "Type", f"{name} = {_unparse(statement.value)}"
    return "Constant", f"{name}: {type(value).__name__}"


def _format_class(value: type) -> str:
    """Write what a class is made with: the fields of a value or an error, or the arguments of `__init__`."""
    fields = _list_fields(value)
    if fields is None:
        made = _find_method(value, "__init__")
        return f"class {value.__name__}" + (_format_arguments(made.args) if made is not None else "")
    declared = dict(_collect_annotations(value))
    shown = [declared.get(name, name) for name in fields]
    by_name = [
        one.kind is inspect.Parameter.KEYWORD_ONLY for one in inspect.signature(value).parameters.values()
    ]
    if shown and all(by_name) and not issubclass(value, YoiError):
        shown.insert(0, "*")
    return f"class {value.__name__}({', '.join(shown)})"


def _list_fields(value: type) -> tuple[str, ...] | None:
    if issubclass(value, YoiError):
        return tuple(value.fields)
    if issubclass(value, msgspec.Struct):
        return value.__struct_fields__
    if dataclasses.is_dataclass(value):
        return tuple(field.name for field in dataclasses.fields(value))
    return None


def _collect_annotations(value: type) -> Iterator[tuple[str, str]]:
    """Yield each annotated name of a class and of what it derives from, the nearest last, as the source has it."""
    for owner in reversed(value.__mro__):
        if owner.__module__.partition(".")[0] in _OURS:
            for one in _find_class(owner).body:
                if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                    default = f" = {_unparse(one.value)}" if one.value is not None else ""
                    yield one.target.id, f"{one.target.id}: {_unparse(one.annotation)}{default}"


def _list_methods(statement: ast.ClassDef) -> Iterator[str]:
    for one in statement.body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and not one.name.startswith("_"):
            word = "async def" if isinstance(one, ast.AsyncFunctionDef) else "def"
            if any(_unparse(mark) == "property" for mark in one.decorator_list):
                yield f"{one.name}: {_unparse(one.returns)}"
            else:
                yield f"{word} {one.name}{_format_arguments(one.args)} -> {_unparse(one.returns)}"


def _find_method(value: type, name: str) -> ast.FunctionDef | None:
    for owner in value.__mro__:
        if owner.__module__.partition(".")[0] in _OURS:
            for one in _find_class(owner).body:
                if isinstance(one, ast.FunctionDef) and one.name == name:
                    return one
    return None


def _find_class(value: type) -> ast.ClassDef:
    for one in _parse(value.__module__).body:
        if isinstance(one, ast.ClassDef) and one.name == value.__name__:
            return one
    raise LookupError(f"{value.__module__} does not declare {value.__name__}")


def _format_arguments(arguments: ast.arguments) -> str:
    text = _unparse(arguments)
    return f"({text.removeprefix('self, ').removeprefix('self')})"


def _unparse(node: ast.AST | None) -> str:
    return "None" if node is None else ast.unparse(node).replace("'", '"')


def _find_module(root: ModuleType, name: str) -> str:
    """Return the module that declares a name: a folder may pass one on from a module of its own."""
    value = getattr(root, name)
    if isinstance(value, type) or inspect.isfunction(value):
        return value.__module__
    imported = {
        alias.name: str(one.module)
        for one in ast.walk(_parse(root.__name__))
        if isinstance(one, ast.ImportFrom)
        for alias in one.names
    }
    module = imported[name]
    inside = [one for one in _parse(module).body if isinstance(one, ast.ImportFrom)]
    return next((str(one.module) for one in inside if name in {alias.name for alias in one.names}), module)


def _list_names(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=targets):
            return {one.id for one in targets if isinstance(one, ast.Name)}
    return set()


def _read_docstring(statement: ast.stmt, following: ast.stmt | None) -> str:
    """Read a docstring; that of an assignment is the text after it."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ast.get_docstring(statement) or ""
    match following:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return inspect.cleandoc(text)
    return ""


@cache
def _parse(module: str) -> ast.Module:
    file = importlib.import_module(module).__file__
    assert file is not None
    return ast.parse(Path(file).read_bytes())
