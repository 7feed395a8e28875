"""Case collisions: names that some file systems cannot tell apart."""

from yoi_bundle.authoring.drafts.diagnostics import Diagnostics, Place, show_path
from yoi_bundle.authoring.source.tree import SourceTree


def report_case_collisions(tree: SourceTree, diagnostics: Diagnostics) -> None:
    """Report each path that some file systems cannot tell from one before it."""
    seen: dict[str, str] = {}
    for file in tree.files:
        first = seen.setdefault(file.path.casefold(), file.path)
        if first != file.path:
            message = f"differs from {show_path(first)} in case only; some file systems keep only one of them"
            diagnostics.report(
                "warning", "source.case_collision", Place(file.path), message, "rename one of them"
            )
