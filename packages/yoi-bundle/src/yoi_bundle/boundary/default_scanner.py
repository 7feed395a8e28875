"""The secret scanner that builders use: our own rules, then kingfisher's (B-07; the choice is in ADR 0003)."""

from pathlib import Path

from yoi_bundle.boundary.kingfisher import KingfisherDetector
from yoi_bundle.boundary.rule_detector import RuleDetector
from yoi_bundle.boundary.scanner import DetectorScanner, SecretScanner


def create_scanner(*, cache_directory: Path | None = None) -> SecretScanner:
    """Return the scanner of ADR 0003: our own rules first, then kingfisher's.

    Args:
        cache_directory: Where kingfisher may keep its compiled rules (about 2.5 MB): a directory of this user alone. None keeps
            nothing, and every process compiles them anew, which takes seconds. Nothing is written elsewhere.
    """
    return DetectorScanner([RuleDetector(), KingfisherDetector(cache_directory=cache_directory)])
