"""Tables of few columns; the last one takes what is left."""

from collections.abc import Iterable, Sequence

from rich.table import Table

from yoi.render.console import safe_text


def make_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> Table:
    """Make a table of plain texts. Identifiers are never cut: a narrow terminal folds them."""
    table = Table(
        box=None, title=safe_text(title, "bold") if title else None, title_justify="left", pad_edge=False
    )
    for name in columns:
        table.add_column(name, header_style="bold cyan", overflow="fold")
    for row in rows:
        table.add_row(*(safe_text(cell) for cell in row))
    return table


def make_facts(facts: Iterable[tuple[str, str]]) -> Table:
    """Make two columns of a name and its value."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan")
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(safe_text(name), safe_text(value))
    return table


def format_bytes(count: int) -> str:
    """Write a number of bytes for people: `812 B`, `4.1 KiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
