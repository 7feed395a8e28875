"""Secret scanners: the port, and one that asks several detectors (B-07)."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from yoi_bundle.boundary.hits import SecretDetector, SecretHit


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

    Where hits overlap, the first detector's is kept, and a sure one before a doubtful one.
    """

    def __init__(self, detectors: Iterable[SecretDetector]) -> None:
        self._detectors = tuple(detectors)

    def scan(self, texts: Iterable[tuple[str, bytes]]) -> list[SecretFinding]:
        return sorted({finding for place, data in texts for finding in self._scan_text(place, data)})

    def _scan_text(self, place: str, data: bytes) -> Iterable[SecretFinding]:
        kept: list[SecretHit] = []
        hits = [hit for detector in self._detectors for hit in detector.detect(data)]
        for hit in sorted(hits, key=lambda one: one.doubtful):
            if not any(hit.start < other.end and other.start < hit.end for other in kept):
                kept.append(hit)
        for hit in kept:
            line = data.count(b"\n", 0, hit.start) + 1
            yield SecretFinding(place=place, line=line, rule=hit.rule, doubtful=hit.doubtful)
