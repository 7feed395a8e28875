"""Decoder of a Worker's spec, from the bytes that its Runtime gave."""

import msgspec

from worker_runtime.resolution.spec import ResolvedWorkerSpec
from yoi_bundle.digest import compute_digest
from yoi_wire.errors import RemoteFaultError


def read_spec(content: bytes) -> tuple[ResolvedWorkerSpec, str]:
    """Return the spec, and the digest of its bytes.

    Raises:
        RemoteFaultError: It is of another form than this version knows.
    """
    try:
        spec = msgspec.json.decode(content, type=ResolvedWorkerSpec)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteFaultError("a spec of another form than this version knows") from error
    return spec, compute_digest(content)
