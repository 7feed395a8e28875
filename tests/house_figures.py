"""Figures of the house: size, imports and words of each package. Signs to look at, not limits.

`python tests/house_figures.py [ROOT]` prints them for a working tree; `make house` for this one.
"""

import ast
import io
import statistics
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """One file of a package.

    Attributes:
        package: The distribution's folder.
        name: Dotted.
        imports: Modules of this repository that it names at its top level, outside `if TYPE_CHECKING`.
        import_lines: Lines of all its import statements.
    """

    package: str
    name: str
    folder: Path
    lines: int
    imports: frozenset[str]
    import_lines: int
    functions: int
    described: int
    comments: int


def read_modules(root: Path) -> list[Module]:
    """Read every module below `packages/*/src`."""
    files = {
        _name(path, src): (src.parent.name, path)
        for src in root.glob("packages/*/src")
        for path in src.rglob("*.py")
    }
    return [_read(package, name, path, files.keys()) for name, (package, path) in sorted(files.items())]


def _name(path: Path, src: Path) -> str:
    return ".".join(path.relative_to(src).with_suffix("").parts).removesuffix(".__init__")


def _read(package: str, name: str, path: Path, known: Iterable[str]) -> Module:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    statements = [one for one in ast.walk(tree) if isinstance(one, ast.Import | ast.ImportFrom)]
    functions = [one for one in ast.walk(tree) if isinstance(one, _FUNCTIONS)]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    at_top = (one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom))
    return Module(
        package=package,
        name=name,
        folder=path.parent,
        lines=len(text.splitlines()),
        imports=frozenset(target for one in at_top for target in _list_targets(one, known)) - {name},
        import_lines=sum((one.end_lineno or one.lineno) - one.lineno + 1 for one in statements),
        functions=len(functions),
        described=sum(ast.get_docstring(one) is not None for one in functions),
        comments=sum(one.type == tokenize.COMMENT for one in tokens),
    )


def _list_targets(statement: ast.Import | ast.ImportFrom, known: Iterable[str]) -> Iterable[str]:
    if isinstance(statement, ast.Import):
        names = [one.name for one in statement.names]
    else:
        module = statement.module or ""
        names = [
            f"{module}.{one.name}" if f"{module}.{one.name}" in known else module for one in statement.names
        ]
    return (name for name in names if name in known)


def measure_chain(modules: list[Module]) -> int:
    """Return how many modules stand in the longest chain of imports within these; a circle counts once."""
    inside = {one.name: one.imports for one in modules}
    lengths: dict[str, int] = {}

    def measure(name: str) -> int:
        if name not in lengths:
            lengths[name] = 0  # so that a circle ends
            lengths[name] = 1 + max((measure(one) for one in inside[name] if one in inside), default=0)
        return lengths[name]

    return max((measure(name) for name in inside), default=0)


def describe(label: str, modules: list[Module], importers: Counter[str]) -> list[str]:
    """Return one row of the table."""
    lines = [one.lines for one in modules]
    total = sum(lines)
    folders = Counter(one.folder for one in modules)
    functions = sum(one.functions for one in modules)
    return [
        label,
        str(total),
        str(len(modules)),
        f"{statistics.median(lines):g}/{max(lines)}",
        str(sum(importers[one.name] == 1 for one in modules)),
        str(measure_chain(modules)),
        str(max(folders.values())),
        f"{sum(one.import_lines for one in modules) / total:.1%}",
        f"{sum(one.described for one in modules) / max(1, functions):.0%}",
        f"{sum(one.comments for one in modules) / total:.1%}",
    ]


_COLUMNS = (
    "package",
    "lines",
    "files",
    "median/max",
    "one importer",
    "chain",
    "most in a folder",
    "import lines",
    "described",
    "comments",
)


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    modules = read_modules(root)
    importers = Counter(target for one in modules for target in one.imports)
    packages = sorted({one.package for one in modules})
    rows = [
        describe(package, [one for one in modules if one.package == package], importers)
        for package in packages
    ]
    rows.append(describe("all", modules, importers))
    for row in (list(_COLUMNS), ["---"] * len(_COLUMNS), *rows):
        print("| " + " | ".join(row) + " |")  # noqa: T201


if __name__ == "__main__":
    main()
