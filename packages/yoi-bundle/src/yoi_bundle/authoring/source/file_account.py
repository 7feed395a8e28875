"""File account: files present = files read + files left out, each of these with a line that says why (B-14)."""

from msgspec import Struct

from yoi_bundle.authoring.drafts.diagnostics import Diagnostics, Place, show_path
from yoi_bundle.authoring.drafts.draft import SourceFile
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE, SourceTree
from yoi_bundle.closure import list_items
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.identifiers import encode_path
from yoi_bundle.manifest import Manifest, PackageBlob

_LEFT_OUT_RULES = frozenset({"kind.unknown", "declaration.unsupported"})
_GRAVITY = {"error": 0, "warning": 1, "info": 2}


class LeftOut(Struct, frozen=True):
    """A file that gave nothing to the bundle, and the rule of the line that says why."""

    file: str
    rule: str


class FileAccount(Struct, frozen=True, kw_only=True):
    read: int
    left_out: tuple[LeftOut, ...]


def account_files(
    tree: SourceTree,
    manifest: Manifest | None,
    diagnostics: Diagnostics,
    *,
    schemas: frozenset[str] = frozenset(),
) -> tuple[FileAccount, list[Diagnostic]]:
    """Say of each file whether the manifest has something of it.

    Args:
        tree: The files.
        manifest: None when nothing could be put together.
        diagnostics: All of them so far.
        schemas: Files that declarations of `workspace.toml` refer to.

    Returns:
        The account, and the diagnostics with the lines that were missing; a file of a plugin's package that is of no
        kind by itself is not said to be left out.
    """
    used = _list_used(manifest) if manifest is not None else frozenset[str]()
    if manifest is not None:
        used |= {encode_path(path) for path in schemas}
    reasons: dict[str, Diagnostic] = {}
    for diagnostic in diagnostics.collect():
        held = reasons.get(diagnostic.file)
        if held is None or _rank(diagnostic) < _rank(held):
            reasons[diagnostic.file] = diagnostic
    read = {file.path for file in tree.files if _is_used(file, used)}
    left_out = [*tree.left_out, *tree.ignored, *(file.path for file in tree.files if file.path not in read)]
    for path in left_out:
        if path not in reasons:
            message = "nothing of it is in the bundle: it is empty, or what it belongs to is left out"
            remedy = "see the other lines about its folder"
            diagnostics.report("info", "source.brings_nothing", Place(path), message, remedy)
    rules = {path: reasons[path].rule if path in reasons else "source.brings_nothing" for path in left_out}
    shown = sorted((LeftOut(show_path(path), rules[path]) for path in left_out), key=lambda line: line.file)
    return FileAccount(read=len(read), left_out=tuple(shown)), [
        diagnostic
        for diagnostic in diagnostics.collect()
        if diagnostic.rule not in _LEFT_OUT_RULES or diagnostic.file not in read
    ]


def _rank(diagnostic: Diagnostic) -> tuple[int, str]:
    """Order reasons: the gravest first, then by rule."""
    return _GRAVITY[diagnostic.severity], diagnostic.rule


def _list_used(manifest: Manifest) -> frozenset[str]:
    """Return the encoded paths of files, and with a slash after them of directories, that the manifest draws on.

    A lone slash is the whole workspace, when that is one plugin.
    """
    used = {encode_path(WORKSPACE_FILE)}
    for _, item in list_items(manifest):
        if item.origin is not None:
            used.add(item.origin.path)
    for skill in manifest.skills.values():
        if skill.origin is not None:
            directory = skill.origin.path.removesuffix("SKILL.md")
            used.update(directory + path for path in skill.files)
    for plugin in manifest.plugins.values():
        if isinstance(plugin.package, PackageBlob) and plugin.origin is not None:
            root = plugin.origin.path.removesuffix("plugin.json").removesuffix(".claude-plugin/")
            used.add(root or "/")
    return frozenset(used)


def _is_used(file: SourceFile, used: frozenset[str]) -> bool:
    encoded = encode_path(file.path)
    if encoded in used or "/" in used:
        return True
    steps = encoded.split("/")
    return any("/".join(steps[:depth]) + "/" in used for depth in range(1, len(steps)))
