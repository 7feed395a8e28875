"""Source tree: the files of a workspace at one time, and the paths in it that are known by name."""

from msgspec import Struct

from yoi_bundle.authoring.drafts.draft import SourceFile
from yoi_bundle.diagnostics import Diagnostic

WORKSPACE_FILE = ".yoi/workspace.toml"
GOVERNING_FILES = (".claude/settings.json", ".claude/settings.local.json")
"""Their rules confine every profile of the workspace."""
SKILL_FILE = "SKILL.md"


class SourceTree(Struct, frozen=True, kw_only=True):
    """Files of a workspace at one time.

    Attributes:
        files: What was read, by path in ascending order.
        left_out: Paths, as they are on disk, of what is present and was not read.
        ignored: Paths of files and whole directories that are no part of the workspace, such as what git ignores.
        diagnostics: One line at least for each path in `left_out` and `ignored`.
    """

    files: tuple[SourceFile, ...]
    left_out: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
