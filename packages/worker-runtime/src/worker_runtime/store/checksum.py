"""A checksum over the fields of one row, so that a flipped byte is found at the next read (R-03).

It guards against a disk, not against an attacker: whoever can write the file can write the checksum.
"""

import hashlib

import msgspec

from worker_runtime.errors import StoreCorruptError

Field = str | int | bytes | None


def compute_checksum(kind: str, *fields: Field) -> bytes:
    """Return 16 bytes that depend on the kind of row, and on the type and value of each field."""
    return hashlib.blake2b(msgspec.msgpack.encode((kind, *fields)), digest_size=16).digest()


def verify_checksum(stored: bytes, kind: str, *fields: Field) -> None:
    """Compare a row with its checksum.

    Raises:
        StoreCorruptError: They differ; the error names the kind of row.
    """
    if compute_checksum(kind, *fields) != stored:
        raise StoreCorruptError(kind)
