"""What a Yoi config bundle is: manifest, canonical bytes, digest, boundary checks, diff, archive, authoring."""

from yoi_bundle.digest import Digest, compute_digest, verify_digest
from yoi_bundle.errors import (
    BundleInvalidError,
    BundleNotCanonicalError,
    DeclarationUnsupportedError,
    DigestMismatchError,
    Fault,
    FeatureUnsupportedError,
    HiddenTextError,
    HostValueError,
    LimitExceededError,
    SchemaUnsupportedError,
    SecretValueError,
    UnresolvedReferenceError,
    YoiError,
)
from yoi_bundle.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "DEFAULT_LIMITS",
    "BundleInvalidError",
    "BundleNotCanonicalError",
    "DeclarationUnsupportedError",
    "Digest",
    "DigestMismatchError",
    "Fault",
    "FeatureUnsupportedError",
    "HiddenTextError",
    "HostValueError",
    "LimitExceededError",
    "Limits",
    "SchemaUnsupportedError",
    "SecretValueError",
    "UnresolvedReferenceError",
    "YoiError",
    "compute_digest",
    "verify_digest",
]
