"""Texts compared line by line."""

import difflib
from collections.abc import Callable, Iterator

from yoi_bundle.diff.change import ChangeClass, Delta
from yoi_bundle.manifest import Descriptor

MAX_TEXT_BYTES = 262_144

ReadBlob = Callable[[str], bytes]


def compare_contents(
    pointer: str, change_class: ChangeClass, old: Descriptor, new: Descriptor, read_blob: ReadBlob
) -> Iterator[Delta]:
    """Yield one delta when two blobs differ, with a unified diff when both are texts of at most 256 KiB."""
    if old == new:
        return
    small = old.size <= MAX_TEXT_BYTES and new.size <= MAX_TEXT_BYTES
    readable = small and old.digest != new.digest
    text = compute_text_diff(read_blob(old.digest), read_blob(new.digest)) if readable else ""
    yield Delta(pointer=pointer, change_class=change_class, before=old.digest, after=new.digest, text=text)


def compute_text_diff(old: bytes, new: bytes) -> str:
    """Return a unified diff of two UTF-8 texts; empty when one is none."""
    try:
        before, after = old.decode(), new.decode()
    except UnicodeDecodeError:
        return ""
    if "\x00" in before or "\x00" in after:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), fromfile="before", tofile="after", lineterm=""
    )
    return "\n".join(lines)
