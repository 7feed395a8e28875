"""Stored bundles: list, read and delete them, and say how they stand (R-05)."""

from worker_runtime.contract.bundles import BundleContent, BundleEntry, BundleStatus, ProfileRejection
from worker_runtime.contract.caller import Caller, verify_access, verify_scope
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.loading import (
    FoundBundle,
    get_visible_bundle,
    load_bundle,
    read_manifest_bytes,
    read_visible_blob,
)
from worker_runtime.store.blobs import find_missing_blobs
from worker_runtime.store.bundles import delete_bundle, find_damage, find_rejection, list_bundles
from worker_runtime.store.connection import Connection
from worker_runtime.store.leases import find_staged_blobs
from worker_runtime.store.workspaces import compute_usage, find_workspaces, list_workspaces
from yoi_bundle.profile_closure import compute_profile_features
from yoi_bundle.verified import VerifiedBundle
from yoi_wire.clock import format_instant
from yoi_wire.errors import BundleCorruptError, BundleInUseError, BundleMissingError
from yoi_wire.paging import Page, Position, format_cursor, parse_cursor, verify_page_size


def list_entries(
    context: Context, caller: Caller, *, workspace: str | None, cursor: str | None, limit: int
) -> Page[BundleEntry]:
    names = _choose_workspaces(caller, workspace)
    verify_page_size(limit)
    after = parse_cursor(cursor)
    with context.database.read() as connection:
        known = find_workspaces(connection, caller.issuer, names)
        rows = list_bundles(connection, known.keys(), after=after, limit=limit + 1)
        found = [
            FoundBundle(
                row=row,
                workspace=known[row.workspace_id],
                damaged=tuple(find_damage(connection, row.workspace_id, row.id, row.digest)),
            )
            for row in rows[:limit]
        ]
    last = found[-1].row if len(rows) > limit else None
    return Page(
        items=tuple(_view(one) for one in found),
        next_cursor=format_cursor(Position(last.stored_at, last.digest)) if last else None,
    )


def get_entry(context: Context, caller: Caller, digest: str) -> BundleEntry:
    verify_scope(caller, "bundles:read")
    with context.database.read() as connection:
        return _view(get_visible_bundle(connection, caller, digest))


def get_content(context: Context, caller: Caller, digest: str) -> BundleContent:
    verify_scope(caller, "bundles:read")
    found, data = read_manifest_bytes(context, caller, digest)
    return BundleContent(metadata=found.row.metadata, manifest=data)


def get_blob(context: Context, caller: Caller, digest: str, blob: str) -> bytes:
    """Return a blob of a bundle, verified by this read.

    Raises:
        BundleMissingError: No such bundle is held, or it names no such blob.
        BundleCorruptError: Bundle or blob is damaged here.
    """
    verify_scope(caller, "bundles:read")
    return read_visible_blob(context, caller, digest, blob)


def list_workspace_names(context: Context, issuer: str) -> tuple[str, ...]:
    """Return the names of an issuer's workspaces, for the host's own operator, whom no token confines."""
    with context.database.read() as connection:
        return tuple(row.name for row in list_workspaces(connection) if row.issuer == issuer)


def list_issuer_names(context: Context) -> tuple[str, ...]:
    """Return the issuers that have used this store, sorted; for the host's own operator."""
    with context.database.read() as connection:
        return tuple(sorted({row.issuer for row in list_workspaces(connection)}))


def delete(context: Context, caller: Caller, digest: str) -> None:
    """Delete a bundle; afterwards it is not held, whether or not it was (R-06)."""
    verify_scope(caller, "bundles:write")
    with context.database.write() as connection:
        try:
            found = get_visible_bundle(connection, caller, digest)
        except BundleMissingError:
            return
        usage = compute_usage(
            connection,
            found.row.workspace_id,
            digest,
            retention=context.retention,
            now=context.clock.now(),
        )
        if usage.assigned or usage.workers:
            raise BundleInUseError(digest, assigned=usage.assigned, workers=usage.workers)
        delete_bundle(connection, found.row.id)
    context.manifests.drop((found.row.workspace_id, digest))


def get_status(context: Context, caller: Caller, digest: str) -> BundleStatus:
    """Return how a digest stands.

    Raises:
        BundleMissingError: It is neither staged, stored nor rejected in the caller's workspaces.
    """
    verify_scope(caller, "bundles:read")
    with context.database.read() as connection:
        known = find_workspaces(connection, caller.issuer, caller.workspaces)
        try:
            found = get_visible_bundle(connection, caller, digest)
        except BundleMissingError:
            for workspace_id in known:
                status = _find_unstored(context, connection, workspace_id, digest)
                if status is not None:
                    return status
            raise
        usage = compute_usage(
            connection,
            found.row.workspace_id,
            digest,
            retention=context.retention,
            now=context.clock.now(),
        )
    return BundleStatus(
        digest=digest,
        stored=True,
        verified=not found.damaged,
        verified_at=format_instant(found.row.verified_at),
        rejected_profiles=_find_rejected_profiles(context, caller, found),
        assigned=usage.assigned,
        leased=usage.leased,
        workers=usage.workers,
    )


def _find_unstored(
    context: Context, connection: Connection, workspace_id: int, digest: str
) -> BundleStatus | None:
    blobs = find_staged_blobs(connection, workspace_id, digest, now=context.clock.now())
    if blobs is not None:
        missing = find_missing_blobs(connection, workspace_id, blobs)
        return BundleStatus(digest=digest, staged=True, missing=len(missing), leased=True)
    rejection = find_rejection(connection, workspace_id, digest)
    return None if rejection is None else BundleStatus(digest=digest, rejected=rejection)


def _find_rejected_profiles(
    context: Context, caller: Caller, found: FoundBundle
) -> tuple[ProfileRejection, ...]:
    if found.damaged:
        return ()
    try:
        bundle = load_bundle(context, caller, found.row.digest)
    except (BundleCorruptError, BundleMissingError):
        return ()
    return list_rejected_profiles(bundle)


def list_rejected_profiles(bundle: VerifiedBundle) -> tuple[ProfileRejection, ...]:
    """Return the profiles that need features this Runtime lacks, by id (B-06)."""
    return tuple(
        ProfileRejection(profile=name, code="feature.unsupported", lacking=tuple(sorted(features)))
        for name, features in sorted(compute_profile_features(bundle).items())
        if features
    )


def _choose_workspaces(caller: Caller, workspace: str | None) -> frozenset[str]:
    if workspace is None:
        verify_scope(caller, "bundles:read")
        return caller.workspaces
    verify_access(caller, "bundles:read", workspace)
    return frozenset({workspace})


def _view(found: FoundBundle) -> BundleEntry:
    row = found.row
    return BundleEntry(
        digest=row.digest,
        workspace=found.workspace,
        metadata=row.metadata,
        state="corrupt" if found.damaged else "stored",
        size=row.size,
        blobs=row.blobs,
        profiles=row.profiles,
        stored_at=format_instant(row.stored_at),
    )
