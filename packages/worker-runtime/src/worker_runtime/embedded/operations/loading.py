"""Reads from the store that verify what they give; what is damaged is quarantined, never served (R-03)."""

from msgspec import Struct

from worker_runtime.contract.caller import Caller
from worker_runtime.embedded.operations.context import Context
from worker_runtime.store.blobs import find_blob
from worker_runtime.store.bundles import (
    BundleRow,
    DamagedKind,
    find_bundle,
    find_damage,
    put_quarantine,
    read_manifest,
)
from worker_runtime.store.connection import Connection
from worker_runtime.store.workspaces import find_workspaces
from yoi_bundle.digest import compute_digest
from yoi_bundle.verified import VerifiedBundle, verify_manifest
from yoi_wire.errors import BundleCorruptError, BundleMissingError


class FoundBundle(Struct, frozen=True, kw_only=True):
    """A bundle's row, the name of its workspace, and the digests of its damaged parts."""

    row: BundleRow
    workspace: str
    damaged: tuple[str, ...]


def get_visible_bundle(connection: Connection, caller: Caller, digest: str) -> FoundBundle:
    """Return the caller's bundle, damaged or not.

    Raises:
        BundleMissingError: None of the caller's workspaces holds it (R-07).
    """
    for workspace_id, name in find_workspaces(connection, caller.issuer, caller.workspaces).items():
        row = find_bundle(connection, workspace_id, digest)
        if row is not None:
            damaged = tuple(find_damage(connection, workspace_id, row.id, digest))
            return FoundBundle(row=row, workspace=name, damaged=damaged)
    raise BundleMissingError(digest)


def read_manifest_bytes(context: Context, caller: Caller, digest: str) -> tuple[FoundBundle, bytes]:
    """Return a bundle's manifest, as bytes that hash to the digest.

    Raises:
        BundleMissingError: See `get_visible_bundle`.
        BundleCorruptError: A part of it is damaged.
    """
    with context.database.read() as connection:
        found = get_visible_bundle(connection, caller, digest)
        data = read_manifest(connection, found.row.id)
    if found.damaged:
        raise BundleCorruptError(digest, found.damaged)
    if compute_digest(data) != digest:
        set_aside(context, found.row.workspace_id, digest, "manifest")
        raise BundleCorruptError(digest, [digest])
    return found, data


def load_bundle(context: Context, caller: Caller, digest: str) -> VerifiedBundle:
    """Return a bundle that may be used; verified now, or when it was last loaded.

    Raises:
        BundleMissingError, BundleCorruptError: See `read_manifest_bytes`.
    """
    with context.database.read() as connection:
        found = get_visible_bundle(connection, caller, digest)
    if found.damaged:
        raise BundleCorruptError(digest, found.damaged)
    key = (found.row.workspace_id, digest)
    cached = context.manifests.find(key)
    if cached is not None:
        return cached
    _, data = read_manifest_bytes(context, caller, digest)
    bundle = verify_manifest(data, digest, limits=context.limits, features=context.features)
    context.manifests.put(key, bundle, len(data))
    return bundle


def read_blob(context: Context, workspace_id: int, bundle_digest: str, digest: str) -> bytes:
    """Return a blob's bytes, verified by this read.

    Raises:
        BundleCorruptError: It is damaged, or known to be.
    """
    with context.database.read() as connection:
        blob = find_blob(connection, workspace_id, digest)
    if blob is None:
        raise BundleCorruptError(bundle_digest, [digest])
    if compute_digest(blob.data) != digest:
        set_aside(context, workspace_id, digest, "blob")
        raise BundleCorruptError(bundle_digest, [digest])
    return blob.data


def read_visible_blob(context: Context, caller: Caller, bundle_digest: str, digest: str) -> bytes:
    """Return a blob of one of the caller's bundles, verified by this read.

    Raises:
        BundleMissingError: None of the caller's workspaces holds the bundle, or it names no such blob.
        BundleCorruptError: Bundle or blob is damaged.
    """
    if digest not in load_bundle(context, caller, bundle_digest).blobs:
        raise BundleMissingError(digest)
    with context.database.read() as connection:
        workspace_id = get_visible_bundle(connection, caller, bundle_digest).row.workspace_id
    return read_blob(context, workspace_id, bundle_digest, digest)


def set_aside(context: Context, workspace_id: int, digest: str, kind: DamagedKind) -> None:
    """Quarantine a damaged manifest or blob, unless it has been repaired since it was read."""
    with context.database.write() as connection:
        if not _is_sound(connection, workspace_id, digest, kind):
            put_quarantine(connection, workspace_id, digest, kind, now=context.clock.now())
    context.manifests.drop((workspace_id, digest))


def _is_sound(connection: Connection, workspace_id: int, digest: str, kind: DamagedKind) -> bool:
    if kind == "blob":
        blob = find_blob(connection, workspace_id, digest)
        return blob is not None and compute_digest(blob.data) == digest
    row = find_bundle(connection, workspace_id, digest)
    return row is None or compute_digest(read_manifest(connection, row.id)) == digest
