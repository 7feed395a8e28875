"""Mutants: copies of a module with one expression or statement changed, and how one is put into a running process."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
# Sentences are for people; a rule's id, a pointer and a word of a vocabulary are for programs.
_MEANING = re.compile(r"/[\w/]*|[a-z_]+(\.[a-z_]+)+|[a-z_]{2,20}|[a-z_]+:")


class Mutant(NamedTuple):
    """One change.

    Attributes:
        scope: Dotted name of the function it is in; empty for a module's own assignment.
        before: The changed expression or statement, as `ast` writes it.
        after: What it became.
        position: The how-manieth place of the module it is at.
        variant: The how-manieth change of that place it is.
    """

    path: Path
    module: str
    scope: str
    line: int
    before: str
    after: str
    position: int
    variant: int

    @property
    def key(self) -> str:
        """Tell the mutant from others of its file, also after lines have moved."""
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{self.module}:{self.scope}: {before} => {after}"

    def make_tree(self) -> ast.Module:
        """Return the whole module with the change."""
        tree = ast.parse(self.path.read_text())
        place = next(islice(_walk(tree), self.position, None))
        place.put(next(islice(_change(place.node), self.variant, None))())
        return ast.fix_missing_locations(tree)


def list_mutants(path: Path, module: str) -> list[Mutant]:
    """Return every mutant of a source file, in the order of its lines."""
    return [
        Mutant(
            path,
            module,
            place.scope,
            place.node.lineno,
            _write(place.node),
            _write(change()),
            position,
            variant,
        )
        for position, place in enumerate(_walk(ast.parse(path.read_text())))
        for variant, change in enumerate(_change(place.node))
    ]


def apply_mutant(mutant: Mutant) -> bool:
    """Put a mutant into the modules of this process; tell whether that was possible."""
    module = sys.modules[mutant.module]
    tree = mutant.make_tree()
    if not mutant.scope:
        return _apply_to_module(mutant, tree, module)
    code = _find_code(compile(tree, str(mutant.path), "exec"), mutant.scope.split("."))
    target = _find_function(module, mutant.scope.split("."))
    if code is None or target is None or code.co_freevars != target.__code__.co_freevars:
        return False
    target.__code__ = code
    _forget(module)
    return True


def _write(node: ast.AST) -> str:
    """Write an expression, or of a statement with a body the first line."""
    return ast.unparse(ast.fix_missing_locations(node)).partition("\n")[0]


class _Place(NamedTuple):
    node: ast.expr | ast.stmt
    scope: str
    put: Callable[[ast.AST], None]


def _walk(tree: ast.AST, scope: str = "", in_class: bool = False) -> Iterator[_Place]:
    """Yield what may be changed: neither annotations nor docstrings, nor the settings of classes."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "keywords", "bases") and not isinstance(
            tree, ast.Call
        ):
            continue
        if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef) and field == "args":
            continue
        if isinstance(tree, ast.match_case) and field == "pattern":
            continue
        if isinstance(tree, ast.Import | ast.ImportFrom):
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if isinstance(child, ast.AnnAssign) and ast.unparse(child.annotation) == "TypeAlias":
                continue
            if isinstance(child, ast.ClassDef):
                yield from _walk(child, f"{scope}.{child.name}".lstrip("."), True)
                continue
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                # What is nested is made by the outer function's code, so that it is the outer one that is replaced.
                outer = scope and not in_class
                name = scope if outer else f"{scope}.{child.name}".lstrip(".")
                yield from _walk(child, name)
                continue
            if in_class or (
                not scope
                and not isinstance(child, ast.Assign | ast.AnnAssign)
                and isinstance(tree, ast.Module)
            ):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield _Place(child, scope, _put(tree, field, index if isinstance(value, list) else None))
            yield from _walk(child, scope)


def _put(parent: ast.AST, field: str, index: int | None) -> Callable[[ast.AST], None]:
    def put(node: ast.AST) -> None:
        if index is None:
            setattr(parent, field, node)
        else:
            getattr(parent, field)[index] = node

    return put


def _change(node: ast.expr | ast.stmt) -> Iterator[Callable[[], ast.AST]]:
    """Yield what makes each change of one node."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARISONS:
            yield lambda: ast.Compare(node.left, [_COMPARISONS[type(operator)]()], node.comparators)
        case ast.BoolOp(values=values):
            for index in range(len(values)):
                rest = [*values[:index], *values[index + 1 :]]
                yield lambda rest=rest: rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)  # type: ignore[misc]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield lambda: operand
        case ast.BinOp(op=operator) if type(operator) in _OPERATORS:
            yield lambda: ast.BinOp(node.left, _OPERATORS[type(operator)](), node.right)
        case ast.Constant(value=bool() as value):
            yield lambda: ast.Constant(not value)
        case ast.Constant(value=int() as number):
            yield lambda: ast.Constant(number + 1)
        case ast.Constant(value=str() as text) if _MEANING.fullmatch(text):
            yield lambda: ast.Constant(f"{text}~")
        case ast.IfExp() | ast.If() | ast.While() if not isinstance(node.test, ast.Compare):
            yield lambda: _with_test(node)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            yield lambda: ast.Call(ast.Name(_CALLS[name], ast.Load()), node.args, node.keywords)
        case (
            ast.Expr(value=ast.Call() | ast.Await() | ast.YieldFrom() | ast.Yield())
            | ast.AugAssign()
            | ast.Raise()
        ):
            yield ast.Pass
        case ast.Continue():
            yield ast.Break
        case ast.comprehension():
            return
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for index, generator in enumerate(node.generators):
                if generator.ifs:
                    yield lambda index=index: _without_conditions(node, index)  # type: ignore[misc]
        case _:
            return


def _with_test(node: ast.If | ast.IfExp | ast.While) -> ast.AST:
    test = ast.UnaryOp(ast.Not(), node.test)
    if isinstance(node, ast.IfExp):
        return ast.IfExp(test, node.body, node.orelse)
    return type(node)(test, node.body, node.orelse)


def _without_conditions(node: Any, index: int) -> ast.AST:
    generators = list(node.generators)
    old = generators[index]
    generators[index] = ast.comprehension(old.target, old.iter, [], old.is_async)
    values = {field: getattr(node, field) for field in node._fields} | {"generators": generators}
    return type(node)(**values)  # type: ignore[no-any-return]


def _find_code(code: CodeType, names: list[str]) -> CodeType | None:
    for name in names:
        code_or_none = next(
            (one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name), None
        )
        if code_or_none is None:
            return None
        code = code_or_none
    return code


def _find_function(module: ModuleType, names: list[str]) -> FunctionType | None:
    found: Any = module
    for name in names:
        found = vars(found).get(name)
        if isinstance(found, property):
            found = found.fget
        elif isinstance(found, classmethod | staticmethod):
            found = found.__func__
    while found is not None and not isinstance(found, FunctionType) and hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    while isinstance(found, FunctionType) and hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return found if isinstance(found, FunctionType) else None


def _forget(module: ModuleType) -> None:
    """Empty the caches of a module's functions, which may have been filled while tests were collected."""
    for one in vars(module).values():
        if hasattr(one, "cache_clear"):
            one.cache_clear()


def _apply_to_module(mutant: Mutant, tree: ast.Module, module: ModuleType) -> bool:
    """Assign anew what a module assigns, here and wherever it was imported to."""
    before = dict(vars(module))
    for statement in tree.body:
        # What comes after may be made of it.
        ended_before = (statement.end_lineno or statement.lineno) < mutant.line
        if isinstance(statement, ast.Assign | ast.AnnAssign) and not ended_before:
            exec(compile(ast.Module([statement], []), str(mutant.path), "exec"), vars(module))
    changed = {name: value for name, value in vars(module).items() if before.get(name) is not value}
    for other in list(sys.modules.values()):
        for name, value in changed.items():
            if other is not module and vars(other).get(name) is before.get(name, other):
                setattr(other, name, value)
    _forget(module)
    return True
