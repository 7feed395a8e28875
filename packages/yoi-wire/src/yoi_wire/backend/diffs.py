"""Differences between revisions as the Backend shows them (B-12)."""

from msgspec import Struct


class ChangeView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference; see `yoi_bundle.diff.change.Change`.

    Attributes:
        pointer: For whoever may not see names of secrets it ends before one.
        withheld: Whether values are left out, for the same reason or because the answer is long enough.
    """

    section: str
    item: str
    pointer: str
    change_class: str
    before: str = ""
    after: str = ""
    text: str = ""
    profiles: tuple[str, ...] = ()
    withheld: bool = False


class DiffView(Struct, frozen=True, kw_only=True):
    """Every difference between two revisions, ordered by pointer.

    Attributes:
        classes: How many changes of each class there are.
        changes: The first 2,000.
        change_count: Of all.
    """

    from_revision: int
    to_revision: int
    from_digest: str
    to_digest: str
    classes: dict[str, int]
    changes: tuple[ChangeView, ...]
    change_count: int
