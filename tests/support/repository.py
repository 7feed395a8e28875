"""The repository seen as files: what the convention tests walk over."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("yoi-bundle", "yoi-wire", "worker-runtime", "yoi-workspace-server", "yoi")


@cache
def list_tracked_files() -> tuple[Path, ...]:
    """Return every file of the working tree that git tracks or would track."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    paths = (ROOT / name.decode() for name in listing.split(b"\0") if name)
    return tuple(path for path in paths if path.is_file())


def list_sources() -> Iterator[Path]:
    """Yield every module of the five packages."""
    for package in PACKAGES:
        yield from sorted((ROOT / "packages" / package / "src").rglob("*.py"))


def list_test_modules() -> Iterator[Path]:
    for path in list_tracked_files():
        if path.name.startswith("test_") and path.suffix == ".py":
            yield path


def name_module(path: Path) -> str:
    """Return the dotted name of a source module."""
    parts = path.relative_to(ROOT).parts[3:]
    return ".".join(parts).removesuffix(".py").removesuffix(".__init__")


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), filename=path.name)


def read_table(path: Path, first_column: str) -> list[dict[str, str]]:
    """Read the Markdown table whose first column has this name."""
    rows: list[dict[str, str]] = []
    columns: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            columns = []
        elif not columns:
            columns = cells if cells[0] == first_column else []
        elif not set(cells[0]) <= set(":-"):
            rows.append(dict(zip(columns, (cell.strip("`") for cell in cells), strict=True)))
    return rows
