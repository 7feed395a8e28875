"""Made-up credentials: headers and tokens of a lesson, whose parts are words and not generated values (B-07).

They look like credentials and are none, so in prose they are doubtful. Whatever has a part that looks generated stays
a credential; so does what cannot be decoded.
"""

import base64
import binascii

from yoi_bundle.boundary.generated_value_shape import find_shape_fault
from yoi_bundle.boundary.secret_rules import is_placeholder_token

_SAMPLE_CLAIMS = ("1234567890", "John Doe", "1516239022")
"""What stands in the sample token of nearly every text about the format."""
_MAX_CHARACTERS = 8192
_PARTS = 3


def is_made_up_basic(value: str) -> bool:
    """Tell whether the value of a Basic header encodes a user and a password that are words."""
    text = _decode(value)
    if text is None or ":" not in text or not text.isprintable():
        return False
    return not any(is_generated(part) for part in text.split(":", 1))


def is_made_up_token(value: str) -> bool:
    """Tell whether a JSON Web Token is the well-known sample, or is signed with words."""
    parts = value.split(".")
    if len(parts) != _PARTS or not all(part.startswith("eyJ") for part in parts[:2]):
        return False
    claims = _decode(parts[1]) or ""
    if sum(sample in claims for sample in _SAMPLE_CLAIMS) > 1:
        return True
    return not is_generated(parts[2])


def is_generated(value: str) -> bool:
    """Tell whether a value looks generated, and not like something that stands for it."""
    return find_shape_fault(value) is not None and not is_placeholder_token(value)


def _decode(value: str) -> str | None:
    if len(value) > _MAX_CHARACTERS:
        return None
    standard = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
