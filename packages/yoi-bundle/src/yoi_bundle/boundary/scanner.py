"""Secret scanners: the port, and one that asks several detectors (B-07)."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from yoi_bundle.boundary.disguised_text import reveal_disguised
from yoi_bundle.boundary.hits import SecretDetector, SecretHit
from yoi_bundle.boundary.line_counter import MAX_FINDINGS, LineCounter

MORE_FINDINGS = "more-findings"
"""Rule of the finding that says that a text holds more credentials than are said; no allowance covers it."""

_MAX_HITS = 1_000
"""Kept of one text before overlapping ones are dropped; several detectors may find the same."""


class SecretFinding(Struct, frozen=True, kw_only=True, order=True):
    """A place in a text where a credential stands, or may; never the value.

    Attributes:
        place: The name the text was given to the scanner under, such as a file's path.
        line: From 1; lines end at U+000A.
        rule: What was found, such as `github` or `kingfisher.jwt`.
        doubtful: Worth a warning only.
    """

    place: str
    line: int
    rule: str
    doubtful: bool = False


class SecretScanner(Protocol):
    """Looks for credentials in texts."""

    def scan(self, texts: Iterable[tuple[str, bytes]]) -> list[SecretFinding]:
        """Return every finding, sorted; each text is a pair of its place and its bytes, of any encoding.

        A text is looked at whole, past any NUL, and comments that switch scanners off have no effect.
        """
        ...


class DetectorScanner:
    """Asks several detectors about each text, and says once what more than one of them found.

    Where hits overlap, the first detector's is kept, and a sure one before a doubtful one. Of one text the first 200 sure
    and the first 200 doubtful findings are said; that there are more sure ones is a finding of its own.
    """

    def __init__(self, detectors: Iterable[SecretDetector]) -> None:
        self._detectors = tuple(detectors)

    def scan(self, texts: Iterable[tuple[str, bytes]]) -> list[SecretFinding]:
        return sorted(finding for place, data in texts for finding in self._scan_text(place, data))

    def _scan_text(self, place: str, data: bytes) -> list[SecretFinding]:
        found, is_complete = self._find(place, data)
        if is_complete and not data.isascii():
            is_complete = self._add_disguised(found, place, data)
        sure = sorted(one for one in found if not one.doubtful)
        doubtful = [one for one in found if one.doubtful]
        kept = sure[:MAX_FINDINGS] + doubtful[:MAX_FINDINGS]
        if len(sure) > MAX_FINDINGS or not is_complete:
            line = sure[:MAX_FINDINGS][-1].line
            kept.append(SecretFinding(place=place, line=line, rule=MORE_FINDINGS))
        return kept

    def _add_disguised(self, found: dict[SecretFinding, None], place: str, data: bytes) -> bool:
        """Add what is sure in the lines that read otherwise than they are written; tell whether that is all."""
        revealed = reveal_disguised(data.decode("utf-8", "replace"))
        if not revealed.strip("\n"):
            return True
        more, is_complete = self._find(place, revealed.encode("utf-8", "replace"))
        lines = {one.line for one in found if not one.doubtful}
        found.update((one, None) for one in more if not one.doubtful and one.line not in lines)
        return is_complete

    def _find(self, place: str, data: bytes) -> tuple[dict[SecretFinding, None], bool]:
        """Return findings by place, each once; and whether all sure ones are there."""
        hits, is_complete = self._collect(data)
        counter = LineCounter(data, b"\n")
        found: dict[SecretFinding, None] = {}
        for hit in _drop_overlapping(hits):
            line, _ = counter.locate(hit.start)
            found[SecretFinding(place=place, line=line, rule=hit.rule, doubtful=hit.doubtful)] = None
        return found, is_complete

    def _collect(self, data: bytes) -> tuple[list[SecretHit], bool]:
        """Return sure hits, then doubtful ones; and whether all sure ones are there.

        A detector that goes on finding is asked no further: what is full of credentials is refused anyway.
        """
        sure: list[SecretHit] = []
        doubtful: list[SecretHit] = []
        for detector in self._detectors:
            for hit in detector.detect(data):
                if hit.doubtful:
                    if len(doubtful) < _MAX_HITS:
                        doubtful.append(hit)
                elif len(sure) < _MAX_HITS:
                    sure.append(hit)
                else:
                    return sure + doubtful, False
        return sure + doubtful, True


def _drop_overlapping(hits: Iterable[SecretHit]) -> list[SecretHit]:
    """Return hits sorted by place, of which none overlaps one that came before it in `hits`.

    What is kept never overlaps, so that only the two neighbours of a new hit's place can overlap it.
    """
    kept: list[SecretHit] = []
    for hit in hits:
        index = bisect_right(kept, hit.start, key=lambda one: one.start)
        before = kept[index - 1] if index else None
        after = kept[index] if index < len(kept) else None
        if (before is None or before.end <= hit.start) and (after is None or hit.end <= after.start):
            kept.insert(index, hit)
    return kept
