"""A manifest's keys, file names, titles and other texts before a scanner (B-07)."""

from bisect import bisect_right

from yoi_bundle.boundary.manifest import list_texts
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.boundary.scanner import SecretFinding, SecretScanner
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Manifest

_BETWEEN = "\n\x01\n"
"""Parts two texts, so that no detector joins the end of one to the beginning of the next."""


def scan_manifest(manifest: Manifest, scanner: SecretScanner) -> list[SecretFinding]:
    """Return what a scanner finds in the texts of a manifest; `place` is a pointer fit to be shown.

    All texts are scanned at once, because a call costs more than most of them; `line` is within the text.
    """
    pointers: list[str] = []
    first_lines: list[int] = []
    texts: list[str] = []
    line = 1
    for pointer, text in list_texts(manifest):
        plain = decode_path(text)
        pointers.append(pointer)
        first_lines.append(line)
        texts.append(plain)
        line += plain.count("\n") + _BETWEEN.count("\n")
    findings = scanner.scan([("manifest", _BETWEEN.join(texts).encode())])
    located = []
    for finding in findings:
        index = bisect_right(first_lines, finding.line) - 1
        located.append(
            SecretFinding(
                place=redact_pointer(pointers[index]),
                line=finding.line - first_lines[index] + 1,
                rule=finding.rule,
                doubtful=finding.doubtful,
            )
        )
    return sorted(located)
