"""Our own detector: provider formats, values beside the names of credentials, encoded and split tokens (B-07)."""

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice

from yoi_bundle.boundary.hits import SecretHit
from yoi_bundle.boundary.made_up_credentials import is_generated, is_made_up_basic, is_made_up_token
from yoi_bundle.boundary.secret_rules import (
    SecretFormat,
    find_in_format,
    iterate_provider_tokens,
    list_possible_formats,
)

# Each pattern begins with a literal or a small set, so that the search over prose keeps its fast path.
_AUTHORIZATION = re.compile(
    r"(?:[Bb]earer|BEARER|[Bb]asic|BASIC|[Tt]oken|TOKEN|ApiKey)[ \t]{1,4}([A-Za-z0-9+/._~-]{16,1000}={0,2})"
)
_USERINFO = re.compile(r"://([^\s/:@\"'`<>]{0,64}):([^\s/@\"'`<>]{3,200})@[A-Za-z0-9\[]")
_ASSIGNED = re.compile(r"[:=]>?[ \t]{0,4}[\"'`]?([^\s\"'`<>{}()\[\],;$%*]{12,300})")
_CREDENTIAL_BEFORE = re.compile(
    r"(?:key|token|secret|passw(?:or)?d|passphrase|pwd|credential|auth|dsn)[A-Za-z0-9_.-]{0,24}[\"'`]?[ \t]{0,4}:?$",
    re.IGNORECASE,
)
_CREDENTIAL_SYLLABLES = ("key", "token", "secret", "pass", "pwd", "credential", "auth", "dsn")
"""One of them is in whatever `_CREDENTIAL_BEFORE` matches; looking for them first is cheaper."""

_NAME_CHARACTERS = 48
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])")
_AWS_NEARBY_CHARACTERS = 240
_STAND_IN_PASSWORD = re.compile(
    r"(?:\$|%|\{|<|\*|x{2,}|\.{2,}|pass|pwd|pw$|secret|user|root|admin|postgres|token|key|your|my|example|test|change|"
    r"guest|mysql|redis|mongo|rabbit|minio|dev|local|hunter|abc|123|foo|bar|api|db|app)",
    re.IGNORECASE,
)
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,8192}={0,2}")
_MAX_ENCODED = 20_000
_SURE_CHARACTERS = 24
_LINE_JOIN = re.compile(r"[\"'`]?[ \t]*[+\\&]?[ \t]*\r?\n[ \t]*(?:[>#*|;]|//|--)?[ \t]*[+&]?[ \t]*[\"'`]?")
_SPLIT_WINDOW_CHARACTERS = 600
_SPLIT_BEFORE_CHARACTERS = 120
_WORDS_OF_PROSE = frozenset({".", "SK", "pat", "PRIVATE"})
"""Anchors that prose is full of; tokens with them are not looked for over line ends."""


class RuleDetector:
    """Finds what `secret_rules` knows, plainly, after a NUL, in base64 or split over lines, and doubtful values."""

    def detect(self, data: bytes) -> Iterable[SecretHit]:
        # One character a byte, so that offsets are the file's; every format is ASCII.
        text = data.decode("latin-1")
        possible = list_possible_formats(text)
        yield from _detect_formats(text, possible)
        yield from _detect_named(text)
        yield from _detect_encoded(text)
        yield from _detect_split(text, possible)
        if "\0" in text:
            yield from _detect_wide(text)


def _detect_formats(text: str, possible: Sequence[SecretFormat]) -> Iterator[SecretHit]:
    for secret_format in possible:
        for rule, start, end in find_in_format(secret_format, text):
            made_up = rule == "jwt" and is_made_up_token(text[start:end])
            yield SecretHit(rule=rule, start=start, end=end, doubtful=made_up)


def _detect_named(text: str) -> Iterator[SecretHit]:
    """Values that their surroundings call a credential; sure only where the value looks generated too."""
    for match in _AUTHORIZATION.finditer(text):
        if is_generated(match.group(1)):
            value = match.group(1)
            doubtful = (
                len(value) < _SURE_CHARACTERS
                or is_made_up_token(value)
                or (match.group().lower().startswith("basic") and is_made_up_basic(value))
            )
            yield _hit("authorization-header", match, 1, doubtful=doubtful)
    for match in _USERINFO.finditer(text):
        password = match.group(2)
        if not _STAND_IN_PASSWORD.match(password) and len(set(password)) > 3:
            yield _hit("url-userinfo", match, 2, doubtful=not is_generated(password))
    for match in _ASSIGNED.finditer(text):
        before = text[max(0, match.start() - _NAME_CHARACTERS) : match.start()]
        lowered = before.lower()
        if not any(word in lowered for word in _CREDENTIAL_SYLLABLES):
            continue
        if _CREDENTIAL_BEFORE.search(before) is not None and is_generated(match.group(1)):
            yield _hit("assigned-value", match, 1, doubtful=True)
    if "AKIA" in text or "ASIA" in text:
        yield from _detect_aws_secrets(text)


def _detect_aws_secrets(text: str) -> Iterator[SecretHit]:
    for rule, start, end in iterate_provider_tokens(text):
        if rule == "aws":
            first = max(0, start - _AWS_NEARBY_CHARACTERS)
            for match in _AWS_SECRET.finditer(text, first, end + _AWS_NEARBY_CHARACTERS):
                if is_generated(match.group()):
                    yield _hit("aws-secret", match, 0, doubtful=False)


def _detect_encoded(text: str) -> Iterator[SecretHit]:
    for match in islice(_ENCODED.finditer(text), _MAX_ENCODED):
        run = match.group()
        if run.islower() or run.isupper():
            continue
        decoded = _decode_base64(run)
        if decoded is not None:
            for rule, _, _ in iterate_provider_tokens(decoded):
                yield SecretHit(rule=rule, start=match.start(), end=match.end())


def _decode_base64(run: str) -> str | None:
    """Return the text that a run encodes, one character a byte, or None when it encodes no ASCII text."""
    standard = run.rstrip("=").replace("-", "+").replace("_", "/")
    # A run that lost characters at its end still tells what its whole groups of four encode.
    standard = standard[: len(standard) - 1] if len(standard) % 4 == 1 else standard
    try:
        decoded = base64.b64decode(standard + "=" * (-len(standard) % 4))
    except binascii.Error:
        return None
    return decoded.decode("ascii") if decoded.isascii() else None


def _detect_split(text: str, possible: Sequence[SecretFormat]) -> Iterator[SecretHit]:
    """Credentials of a known format that go on after a line end, with a continuation mark, quote or comment between."""
    for secret_format in possible:
        for anchor in secret_format.anchors:
            index = -1 if anchor in _WORDS_OF_PROSE else text.find(anchor)
            while index >= 0:
                if _goes_on_after_line_end(secret_format, text, index):
                    yield SecretHit(rule=secret_format.rule, start=index, end=index + len(anchor))
                index = text.find(anchor, index + 1)


def _goes_on_after_line_end(secret_format: SecretFormat, text: str, index: int) -> bool:
    before = text[max(0, index - _SPLIT_BEFORE_CHARACTERS) : index]
    after = text[index : index + _SPLIT_WINDOW_CHARACTERS]
    if "\n" not in before and "\n" not in after:
        return False
    joined = _LINE_JOIN.sub("", after)
    # Joined to the text before it too, a token may lose the boundary that it begins at: so both are tried.
    return any(
        any(
            begin <= len(head) < end and not (rule == "jwt" and is_made_up_token((head + joined)[begin:end]))
            for rule, begin, end in find_in_format(secret_format, head + joined)
        )
        for head in (before, _LINE_JOIN.sub("", before))
    )


def _detect_wide(text: str) -> Iterator[SecretHit]:
    """The same text without NULs, as in UTF-16; a hit stands at the character that its offset came from."""
    parts = text.split("\0")
    starts = list(accumulate((len(part) for part in parts), initial=0))
    for rule, start, _ in iterate_provider_tokens("".join(parts)):
        nulls_before = bisect_right(starts, start) - 1
        yield SecretHit(rule=rule, start=start + nulls_before, end=start + nulls_before + 1)


def _hit(rule: str, match: re.Match[str], group: int, *, doubtful: bool) -> SecretHit:
    return SecretHit(rule=rule, start=match.start(group), end=match.end(group), doubtful=doubtful)
