"""Reviewed false alarms: a finding in an allowed line becomes a warning (B-07).

An allowance names rule, file and a keyed hash of the line, so that `workspace.toml` never repeats the line, a
changed line is looked at again, and the hash of a short secret cannot be guessed from a table made before.
"""

import hashlib
from collections.abc import Callable, Iterable

from msgspec import Struct

from yoi_bundle.boundary.scanner import SecretFinding

_HASH_BYTES = 16
MIN_KEY_CHARACTERS = 16


class Allowance(Struct, frozen=True, kw_only=True):
    """One reviewed false alarm.

    Attributes:
        rule: The finding's rule.
        file: Path relative to the workspace.
        line_hash: What `compute_line_hash` gives for the line.
    """

    rule: str
    file: str
    line_hash: str


class JudgedFinding(Struct, frozen=True, kw_only=True):
    """A finding and what the review says of it.

    Attributes:
        refused: Whether the finding stops the build; otherwise it warns.
        allowed: Whether an allowance covers it.
        line_hash: What an allowance for it has to name.
    """

    finding: SecretFinding
    refused: bool
    allowed: bool
    line_hash: str


def compute_line_hash(line: bytes, *, key: str) -> str:
    """Return 32 hex digits of the keyed BLAKE2b of a line without its surrounding space.

    Args:
        line: The line as it stands in the file; its line end does not count.
        key: The random `key` of the allowance table.

    Raises:
        ValueError: When the key is too short to keep a hash from being guessed.
    """
    if len(key) < MIN_KEY_CHARACTERS:
        raise ValueError(f"the allowances' key has at least {MIN_KEY_CHARACTERS} characters")
    digest_key = hashlib.blake2b(key.encode(), digest_size=32).digest()
    return hashlib.blake2b(line.strip(), key=digest_key, digest_size=_HASH_BYTES).hexdigest()


def apply_allowances(
    findings: Iterable[SecretFinding],
    allowances: Iterable[Allowance],
    *,
    key: str,
    read_line: Callable[[str, int], bytes],
) -> list[JudgedFinding]:
    """Say of every finding whether it refuses or warns.

    Args:
        findings: From a scan; `place` is the file's path.
        allowances: Of the workspace.
        key: The allowance table's key; unused and free to be empty when there are no allowances.
        read_line: Gives the bytes of a line of a file, numbered from 1.
    """
    reviewed = frozenset(allowances)
    judged: list[JudgedFinding] = []
    for finding in findings:
        line_hash = compute_line_hash(read_line(finding.place, finding.line), key=key) if key else ""
        allowed = Allowance(rule=finding.rule, file=finding.place, line_hash=line_hash) in reviewed
        judged.append(
            JudgedFinding(
                finding=finding,
                refused=not (allowed or finding.doubtful),
                allowed=allowed,
                line_hash=line_hash,
            )
        )
    return judged


def list_unused_allowances(
    judged: Iterable[JudgedFinding], allowances: Iterable[Allowance]
) -> list[Allowance]:
    """Return the allowances that covered nothing, so that a builder can say they may go."""
    used = {
        Allowance(rule=one.finding.rule, file=one.finding.place, line_hash=one.line_hash)
        for one in judged
        if one.allowed
    }
    return [allowance for allowance in allowances if allowance not in used]
