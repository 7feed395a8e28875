"""View of the diff of two revisions (B-12, K-07)."""

from yoi_bundle.diff.change import BundleDiff, Change
from yoi_wire.backend.diffs import ChangeView, DiffView

MAX_CHANGES = 2000
MAX_TEXT_CHARACTERS = 2 * 1024 * 1024
"""Of all text diffs of one answer together."""

_SECRETLESS = frozenset(
    {
        "project",
        "language",
        "prompts",
        "skills",
        "policies",
        "workspace",
        "schema_version",
        "default_profile",
        "builtin/set_digest",
    }
)
"""Sections whose items name no secret; a new section of the manifest is not among them until somebody says so."""

_TEXT_ENDING = "/content"
_NAMING = frozenset({"secrets", "permissions", "plugin_permissions"})


def build_diff_view(
    diff: BundleDiff, *, from_revision: int, to_revision: int, secret_names: bool
) -> DiffView:
    """Return what a reader may see of a diff."""
    classes: dict[str, int] = {}
    for change in diff.changes:
        classes[change.change_class] = classes.get(change.change_class, 0) + 1
    views: list[ChangeView] = []
    room = MAX_TEXT_CHARACTERS
    for change in diff.changes[:MAX_CHANGES]:
        view = _build_change(change, secret_names=secret_names, room=room)
        room -= len(view.text)
        views.append(view)
    return DiffView(
        from_revision=from_revision,
        to_revision=to_revision,
        from_digest=diff.old,
        to_digest=diff.new,
        classes=classes,
        changes=tuple(views),
        change_count=len(diff.changes),
    )


def _build_change(change: Change, *, secret_names: bool, room: int) -> ChangeView:
    values = secret_names or change.section in _SECRETLESS
    texts = values or (change.section == "workflows" and change.pointer.endswith(_TEXT_ENDING))
    fits = len(change.text) <= room
    return ChangeView(
        section=change.section,
        item=change.item,
        pointer=change.pointer if values else _cut_pointer(change.pointer),
        change_class=change.change_class,
        before=change.before if values else "",
        after=change.after if values else "",
        text=change.text if texts and fits else "",
        profiles=change.profiles,
        withheld=not values or not fits,
    )


def _cut_pointer(pointer: str) -> str:
    """End a pointer at the first step whose members are called by the names of secrets or permissions."""
    kept: list[str] = []
    for step in pointer.split("/"):
        kept.append(step)
        if step in _NAMING:
            break
    return "/".join(kept)
