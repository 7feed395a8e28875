"""A text that travels as a blob against the rules of the boundary, in bounded memory (B-07, B-09, B-10).

The text is looked at in windows that overlap, so that a blob of the largest size costs no more memory than a small one, and
no single search is long enough to keep other threads waiting.
"""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

from yoi_bundle.boundary.hidden_text import HiddenCharacter, find_hidden_text
from yoi_bundle.boundary.line_counter import MAX_FINDINGS
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.boundary.scanner import MORE_FINDINGS, SecretScanner
from yoi_bundle.deadline import NO_DEADLINE, Deadline
from yoi_bundle.errors import Fault

WINDOW_BYTES = 256 * 1024
OVERLAP_BYTES = 16 * 1024
"""Longer than any credential with its surroundings."""

_EDGE_CHARACTERS = 64
"""What stands this near to an end that is not the text's own is judged in the other window, where both sides show."""

_CONTINUATION_BYTES = bytes(range(0x80, 0xC0))


class _Window(Struct, frozen=True):
    """A part of a text; its first line is line `first_line` of the whole."""

    data: bytes
    first_line: int
    is_first: bool
    is_last: bool


def find_text_blob_faults(
    content: BinaryIO,
    *,
    place: str,
    scanner: SecretScanner,
    declared_text: bool,
    deadline: Deadline = NO_DEADLINE,
) -> list[Fault]:
    """Return the credentials and hidden characters of a blob that a build would refuse; at most 200, none with a value.

    What only warns at a build (doubtful hits, places on a host in prose) is no fault here.

    Args:
        content: The blob, read from its beginning.
        place: Pointer of the blob's descriptor.
        scanner: Looks for credentials.
        declared_text: Whether its media type is one of text. Other blobs are looked at for hidden characters where they
            are UTF-8 without NUL, because calling a text something else does not excuse it.
        deadline: Looked at before each window.

    Raises:
        LimitExceededError: There is no time left.
    """
    content.seek(0)
    faults: dict[Fault, None] = {}
    for window in _iterate_windows(content):
        deadline.verify(place)
        faults.update(dict.fromkeys(_find_secrets(window, place, scanner)))
        text = _decode(window, declared_text=declared_text)
        if text is not None:
            faults.update(dict.fromkeys(_find_hidden(window, text, place)))
        if len(faults) >= MAX_FINDINGS:
            break
    return list(faults)[:MAX_FINDINGS]


def _iterate_windows(content: BinaryIO) -> Iterator[_Window]:
    kept, line, is_first = b"", 1, True
    while True:
        fresh = content.read(WINDOW_BYTES)
        data = kept + fresh
        is_last = len(fresh) < WINDOW_BYTES
        yield _Window(data, line, is_first, is_last)
        if is_last:
            return
        end = len(data) - OVERLAP_BYTES
        start = data.find(b"\n", end, end + OVERLAP_BYTES // 2) + 1 or end
        line += data.count(b"\n", 0, start)
        kept, is_first = data[start:], False


def _find_secrets(window: _Window, place: str, scanner: SecretScanner) -> Iterator[Fault]:
    for finding in scanner.scan([("", window.data)]):
        # With more findings than are said there are faults enough.
        if not finding.doubtful and finding.rule != MORE_FINDINGS:
            line = window.first_line + finding.line - 1
            yield _fault(
                "bundle.secret_value",
                place,
                f"line {line} looks like a credential ({finding.rule})",
                "take it out and revoke it; write a secret ref where a credential is needed",
            )


def _decode(window: _Window, *, declared_text: bool) -> str | None:
    if declared_text:
        return window.data.decode("utf-8", "replace")
    if b"\0" in window.data:
        return None
    data = window.data if window.is_first else window.data.lstrip(_CONTINUATION_BYTES)
    try:
        return codecs.utf_8_decode(data, "strict", window.is_last)[0]
    except UnicodeDecodeError:
        return None


def _find_hidden(window: _Window, text: str, place: str) -> Iterator[Fault]:
    last_line = text.count("\n") + 1
    last_column = len(text) - text.rfind("\n") - 1 - _EDGE_CHARACTERS

    def is_at_edge(hidden: HiddenCharacter) -> bool:
        at_start = not window.is_first and hidden.line == 1 and hidden.column <= _EDGE_CHARACTERS
        at_end = not window.is_last and hidden.line == last_line and hidden.column > last_column
        return at_start or at_end

    for hidden in find_hidden_text(text):
        if hidden.refused and not is_at_edge(hidden):
            line = window.first_line + hidden.line - 1
            message = f"hidden character {hidden.code_point} in line {line}"
            yield _fault("bundle.hidden_text", place, message, "take the character out")


def _fault(code: str, pointer: str, message: str, remedy: str) -> Fault:
    return Fault(code=code, pointer=redact_pointer(pointer), message=message, remedy=remedy)
