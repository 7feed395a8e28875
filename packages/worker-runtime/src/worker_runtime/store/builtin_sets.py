"""Built-in sets that Workers are pinned to; a later Runtime has another one, and must still restore them (W-02)."""

import apsw
import msgspec
from msgspec import Struct

from yoi_bundle.builtin import BuiltinSet
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import YoiError
from yoi_bundle.verified import verify_manifest
from yoi_wire.errors import StoreCorruptError


class _StoredSet(Struct, frozen=True, array_like=True):
    manifest: bytes
    blobs: dict[str, bytes]


def put_builtin_set(connection: apsw.Connection, builtin: BuiltinSet) -> None:
    """Keep a set, with its prompts; one that is there already stays."""
    held = connection.execute("SELECT 1 FROM builtin_set WHERE digest = ?", (builtin.digest,)).get
    if held is None:
        data = msgspec.msgpack.encode(_StoredSet(builtin.data, builtin.blobs))
        connection.execute("INSERT INTO builtin_set (digest, bytes) VALUES (?, ?)", (builtin.digest, data))


def get_builtin_set(connection: apsw.Connection, digest: str) -> BuiltinSet:
    """Return a set that was kept, verified anew.

    Raises:
        StoreCorruptError: It is not there, or damaged.
    """
    data: bytes | None = connection.execute("SELECT bytes FROM builtin_set WHERE digest = ?", (digest,)).get
    if data is None:
        raise StoreCorruptError("builtin_set")
    try:
        stored = msgspec.msgpack.decode(data, type=_StoredSet)
        bundle = verify_manifest(stored.manifest, digest)
    except (msgspec.MsgspecError, UnicodeError, YoiError) as error:
        raise StoreCorruptError("builtin_set") from error
    if any(compute_digest(blob) != name for name, blob in stored.blobs.items()):
        raise StoreCorruptError("builtin_set")
    return BuiltinSet(bundle=bundle, data=stored.manifest, blobs=stored.blobs)
