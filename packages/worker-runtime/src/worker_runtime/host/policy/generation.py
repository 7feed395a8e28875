"""Generation of a host's policy: an opaque mark that changes when the policy does (R-08)."""

import hashlib
import hmac

from worker_runtime.host.policy.bindings import HostPolicyDocument
from yoi_bundle.canonical import encode_canonical


def compute_policy_generation(document: HostPolicyDocument, key: bytes) -> str:
    """Return 32 hexadecimal digits of a keyed hash; without the key nobody can guess a path or a grant from it.

    Args:
        document: Policy and bindings.
        key: A secret of this Runtime's own, at least 16 bytes.
    """
    return hmac.new(key, encode_canonical(document), hashlib.sha256).hexdigest()[:32]
