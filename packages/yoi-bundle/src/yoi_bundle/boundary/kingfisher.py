"""The port's implementation over `kingfisher-secret-scanner`; imported only where something is scanned."""

import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from yoi_bundle.boundary.hits import SecretHit
from yoi_bundle.boundary.made_up_credentials import is_made_up_basic, is_made_up_token
from yoi_bundle.boundary.secret_rules import is_placeholder_token

if TYPE_CHECKING:
    import kingfisher_sdk

_ALLOW_COMMENT = re.compile(
    rb"(?:gitleaks|betterleaks|kingfisher|trufflehog|detect-secrets|ggshield)[ \t]*:[ \t]*(?:allow|ignore)",
    re.IGNORECASE,
)

_DOUBTFUL_RULES = ("generic-", "curl-")
"""Rules that know the surroundings of a credential and not its form; examples in prose look the same."""


class KingfisherDetector:
    """Runs kingfisher's rules of medium and high confidence; compiles them at the first text."""

    def __init__(self, *, cache_directory: Path | None) -> None:
        self._cache_directory = cache_directory
        self._scanner: kingfisher_sdk.Scanner | None = None
        self._compiling = threading.Lock()

    def detect(self, data: bytes) -> Iterable[SecretHit]:
        # kingfisher turns UTF-16 into UTF-8 first, and counts there.
        width = 2 if data[:2] in (b"\xff\xfe", b"\xfe\xff") else 1
        for finding in self._get_scanner().scan(neutralise_comments(data)):
            if finding.visible:
                where = finding.location
                rule = finding.rule_id.rsplit("/", 1)[-1].removeprefix("betterleaks.")
                yield SecretHit(
                    rule=f"kingfisher.{rule}",
                    start=where["start_offset"] * width,
                    end=where["end_offset"] * width,
                    doubtful=_is_doubtful(rule, finding.secret),
                )

    def _get_scanner(self) -> "kingfisher_sdk.Scanner":
        # Who asks while another thread compiles waits for that, instead of compiling the same again.
        with self._compiling:
            if self._scanner is None:
                import kingfisher_sdk

                cached = self._cache_directory is not None
                rules = kingfisher_sdk.Rules(
                    confidence="medium", cache=cached, cache_dir=self._cache_directory
                )
                self._scanner = kingfisher_sdk.Scanner(rules)
            return self._scanner


def _is_doubtful(rule: str, secret: str) -> bool:
    return (
        rule.startswith(_DOUBTFUL_RULES)
        or is_placeholder_token(secret)
        or is_made_up_token(secret)
        or ("basic" in rule and is_made_up_basic(secret.rpartition(" ")[2]))
    )


def neutralise_comments(data: bytes) -> bytes:
    """Blank the comments that switch scanners off, byte for byte, so that offsets and lines stay."""
    if b":" not in data:
        return data
    return _ALLOW_COMMENT.sub(lambda match: b"-" * len(match.group()), data)
