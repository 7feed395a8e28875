"""What differs between two bundles, and in which direction (B-12)."""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from yoi_bundle.canonical import encode_canonical

ChangeClass: TypeAlias = Literal["widening", "narrowing", "text", "model", "metadata"]
"""`widening` lets something pass that did not, or may; only what certainly does not is `narrowing` or `text`."""

_SUMMARY_LENGTH = 400


class Delta(Struct, frozen=True, kw_only=True):
    """One difference inside an item.

    Attributes:
        pointer: Relative to the item; empty for the whole of it.
        before: The old value, as JSON cut to 400 characters, or a text as it is; empty when there was none.
        text: For texts, a unified diff.
    """

    pointer: str
    change_class: ChangeClass
    before: str = ""
    after: str = ""
    text: str = ""


class Change(Struct, frozen=True, kw_only=True):
    """One difference between two bundles.

    Attributes:
        section: Of the manifest: `policies`, `grants`, `builtin/profiles` …
        item: Id of the item; empty for a section that holds none.
        pointer: JSON pointer into the manifest that has the value (the new one, or the old one for a removal).
        profiles: Selectors of the profiles concerned; empty for an item that none uses.
    """

    section: str
    item: str
    pointer: str
    change_class: ChangeClass
    before: str = ""
    after: str = ""
    text: str = ""
    profiles: tuple[str, ...] = ()


class BundleDiff(Struct, frozen=True, kw_only=True):
    """Every difference, ordered by pointer."""

    old: str
    new: str
    changes: tuple[Change, ...]


def summarise(value: Any) -> str:
    """Write a value for people: a text as it is, anything else as JSON; cut when long."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else encode_canonical(value).decode()
    return text if len(text) <= _SUMMARY_LENGTH else f"{text[:_SUMMARY_LENGTH]}…"


def build_delta(pointer: str, change_class: ChangeClass, before: Any, after: Any) -> Delta:
    """Return a delta with both values summarised."""
    return Delta(pointer=pointer, change_class=change_class, before=summarise(before), after=summarise(after))
