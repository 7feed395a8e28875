"""Names that some file systems cannot tell apart."""

from collections.abc import Iterator

from yoi_bundle.authoring.source.walk import SourceTree, show_path
from yoi_bundle.diagnostics import Diagnostic


def find_case_collisions(tree: SourceTree) -> Iterator[Diagnostic]:
    """Yield a warning for each path that some file systems cannot tell from one before it."""
    seen: dict[str, str] = {}
    for file in tree.files:
        first = seen.setdefault(file.path.casefold(), file.path)
        if first != file.path:
            yield Diagnostic(
                severity="warning",
                rule="source.case_collision",
                file=show_path(file.path),
                message=f"differs from {show_path(first)} in case only; some file systems keep only one of them",
                remedy="rename one of them",
            )
