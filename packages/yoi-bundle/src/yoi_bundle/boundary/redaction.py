"""Pointers and names that refusals show; a planted secret may be a map key or a file name (B-07)."""

import re
from functools import lru_cache

from yoi_bundle.boundary.generated_value_shape import find_opaque_run
from yoi_bundle.boundary.secret_rules import find_provider_token
from yoi_bundle.identifiers import decode_path

MAX_SHOWN_CHARACTERS = 160
_OWN_RULE_ID = re.compile(r"(?:deny|ask|allow)-[0-9a-f]{16}")
_UNUSUAL = re.compile(r"[$#^&=%\\\"'<>|`]")
"""Characters of passwords that ids and file names seldom have."""

_OWN_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def redact_name(text: str) -> str:
    """Return a key or file name as it may be shown; one that looks generated becomes `(N characters)`.

    Ids made of words stay readable, and so do the rule ids and digests that this package computes.
    """
    if _OWN_RULE_ID.fullmatch(text) or _OWN_DIGEST.fullmatch(text):
        return text
    return "/".join(_redact_segment(segment) for segment in text.split("/"))


def redact_pointer(pointer: str) -> str:
    """Return a JSON pointer with every step as `redact_name` shows it."""
    if not pointer:
        return pointer
    steps = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    return "".join("/" + redact_name(step).replace("~", "~0").replace("/", "~1") for step in steps)


@lru_cache(maxsize=16_384)
def looks_generated(name: str) -> bool:
    """Tell whether a name looks like a credential; the same names are shown again and again."""
    return find_provider_token(name) is not None or find_opaque_run(name) is not None


def _redact_segment(segment: str) -> str:
    if len(segment) < 8:
        return segment
    plain = decode_path(segment)
    if len(plain) >= 10 and _UNUSUAL.search(plain):
        return f"({len(segment)} characters)"
    if len(plain) > MAX_SHOWN_CHARACTERS or looks_generated(plain):
        return f"({len(segment)} characters)"
    return segment
