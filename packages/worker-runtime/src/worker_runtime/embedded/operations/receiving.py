"""Upload of a bundle: a manifest, the blobs it lacks, one transaction that makes it visible (R-02, R-04)."""

from collections.abc import Collection

from msgspec import Struct

from worker_runtime.contract.bundles import LeaseView, ManifestBody, PutOutcome, StagedOutcome, StoredOutcome
from worker_runtime.contract.caller import Caller, verify_access, verify_scope
from worker_runtime.embedded.operations.acceptance import (
    ContentChecks,
    find_unready,
    list_checks,
    mark_checked_texts,
    verify_content,
    verify_held_content,
)
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.loading import read_manifest_bytes
from worker_runtime.store.blobs import VerifiedBlob, put_blobs
from worker_runtime.store.bundles import delete_rejection, find_bundle_id, put_bundle, put_rejection
from worker_runtime.store.connection import Connection
from worker_runtime.store.leases import (
    LeaseRequest,
    LeaseRow,
    Staged,
    cover_finished,
    delete_lease,
    find_staged,
    get_lease,
    put_lease,
    put_staged,
    renew_lease,
)
from worker_runtime.store.workspaces import find_workspaces, put_workspace
from worker_runtime.sync.transfer.manifest_coding import decode_manifest_body
from worker_runtime.sync.transfer.pack_reader import PackedBlob
from yoi_bundle.errors import DigestMismatchError, YoiError
from yoi_bundle.metadata import BundleMetadata, verify_metadata
from yoi_bundle.verified import VerifiedBundle, verify_manifest
from yoi_wire.clock import format_instant
from yoi_wire.errors import (
    BundleCorruptError,
    BundleMissingError,
    LeaseExpiredError,
    RequestInvalidError,
)


class Upload(Struct, frozen=True, kw_only=True):
    """A bundle on its way: verified manifest, and the lease it is kept under.

    Attributes:
        checks: What is checked of its blobs before they are kept.
        sizes: Digest → size in bytes of every blob of the bundle. One that another caller has sent meanwhile may
            come again.
    """

    lease: LeaseRow
    bundle: VerifiedBundle
    staged: Staged
    checks: ContentChecks
    sizes: dict[str, int]


def put_manifest(
    context: Context, caller: Caller, digest: str, metadata: BundleMetadata, body: ManifestBody
) -> PutOutcome:
    """Take a manifest; the bundle is stored at once when its workspace has all the blobs.

    Metadata is checked here, whoever decoded it: an embedded caller makes it from values.
    """
    verify_access(caller, "bundles:write", metadata.workspace)
    verify_metadata(metadata)
    if metadata.digest != digest:
        raise RequestInvalidError("not the digest of the path", field="metadata/digest")
    manifest = decode_manifest_body(
        body, limits=context.limits, find_base=lambda base: _find_manifest(context, caller, base)
    )
    bundle = _verify(context, caller, metadata, manifest)
    if bundle.manifest.workspace != metadata.workspace:
        raise RequestInvalidError("not the workspace of the manifest", field="metadata/workspace")
    staged = Staged(metadata=metadata, manifest=manifest)
    checks = list_checks(context, caller.issuer, bundle)
    _verify_held(context, caller, bundle, metadata, checks)
    return _stage_or_commit(context, caller, bundle, staged, checks)


def open_upload(context: Context, caller: Caller, lease_id: str) -> Upload | StoredOutcome:
    """Return what a lease of the caller is for; the bundle itself, when it is complete already.

    Raises:
        LeaseExpiredError: No such lease is in force, or nothing is staged under it.
    """
    verify_scope(caller, "bundles:write")
    with context.database.read() as connection:
        known = find_workspaces(connection, caller.issuer, caller.workspaces)
        lease = get_lease(connection, lease_id, holder=caller.key, now=context.clock.now())
        if lease.workspace_id not in known:
            raise LeaseExpiredError(lease_id)
        staged = find_staged(connection, lease_id)
        if staged is None:
            if find_bundle_id(connection, lease.workspace_id, lease.digest) is None:
                raise LeaseExpiredError(lease_id)
            return StoredOutcome(digest=lease.digest, lease=_view(lease), created=False)
    bundle = _reload(context, lease, staged)
    return Upload(
        lease=lease,
        bundle=bundle,
        staged=staged,
        checks=list_checks(context, caller.issuer, bundle),
        sizes={digest: descriptor.size for digest, descriptor in bundle.blobs.items()},
    )


def check_blob(context: Context, caller: Caller, upload: Upload, blob: PackedBlob) -> VerifiedBlob:
    """Check the content of a blob that hashed to its digest; a fault in it rejects the whole bundle.

    Raises:
        LimitExceededError, FaultyBundleError: See `worker_runtime.embedded.operations.acceptance.verify_content`.
    """
    try:
        verify_content(context, upload.checks, blob.digest, blob.content)
    except YoiError as error:
        _reject(context, caller, upload.staged.metadata, error)
        raise
    return VerifiedBlob(
        digest=blob.digest, size=blob.size, content=blob.content, json=blob.digest in upload.checks.json
    )


def stage_blobs(context: Context, caller: Caller, upload: Upload, blobs: Collection[VerifiedBlob]) -> None:
    """Keep a batch of blobs, with more to come.

    Raises:
        LeaseExpiredError: The lease ended before this batch.
    """
    with context.database.write() as connection:
        _keep(context, connection, caller, upload, blobs)


def finish_upload(
    context: Context, caller: Caller, upload: Upload, blobs: Collection[VerifiedBlob]
) -> PutOutcome:
    """Keep the last batch; when nothing is missing then, the bundle is visible by the same transaction.

    Raises:
        LeaseExpiredError: The lease ended before this batch.
    """
    with context.database.write() as connection:
        lease = _keep(context, connection, caller, upload, blobs)
        # Host policy may have come to ask for more while the pack came.
        checks = list_checks(context, caller.issuer, upload.bundle)
        missing = find_unready(connection, lease.workspace_id, upload.bundle, checks)
        if missing:
            return _staged(lease, missing)
        now = context.clock.now()
        return _commit(context, connection, lease, upload.bundle, upload.staged, now=now)


def _keep(
    context: Context,
    connection: Connection,
    caller: Caller,
    upload: Upload,
    blobs: Collection[VerifiedBlob],
) -> LeaseRow:
    now = context.clock.now()
    lease = renew_lease(connection, upload.lease.id, holder=caller.key, retention=context.retention, now=now)
    put_blobs(connection, lease.workspace_id, blobs)
    mark_checked_texts(connection, lease.workspace_id, upload.checks, (blob.digest for blob in blobs))
    return lease


def _verify(context: Context, caller: Caller, metadata: BundleMetadata, manifest: bytes) -> VerifiedBundle:
    try:
        return verify_manifest(manifest, metadata.digest, limits=context.limits, features=context.features)
    except DigestMismatchError:
        raise
    except YoiError as error:
        _reject(context, caller, metadata, error)
        raise


def _verify_held(
    context: Context, caller: Caller, bundle: VerifiedBundle, metadata: BundleMetadata, checks: ContentChecks
) -> None:
    """Check blobs that came earlier as something that was not looked at, and are now."""
    with context.database.read() as connection:
        known = find_workspaces(connection, caller.issuer, [metadata.workspace])
    for workspace_id in known:
        try:
            verify_held_content(context, checks, workspace_id, bundle.digest)
        except BundleCorruptError:
            raise
        except YoiError as error:
            _reject(context, caller, metadata, error)
            raise


def _stage_or_commit(
    context: Context, caller: Caller, bundle: VerifiedBundle, staged: Staged, checks: ContentChecks
) -> PutOutcome:
    now = context.clock.now()
    with context.database.write() as connection:
        workspace_id = put_workspace(connection, caller.issuer, staged.metadata.workspace)
        request = LeaseRequest(
            workspace_id=workspace_id,
            holder=caller.key,
            digest=bundle.digest,
            new_id=context.new_id(),
        )
        missing = find_unready(connection, workspace_id, bundle, checks)
        lease = put_lease(connection, request, retention=context.retention, now=now)
        if missing:
            put_staged(connection, lease, bundle, staged, retention=context.retention, now=now)
            # The pack comes next, and need not verify the manifest again.
            context.manifests.put((workspace_id, bundle.digest), bundle, len(staged.manifest))
            return _staged(lease, missing)
        return _commit(context, connection, lease, bundle, staged, now=now)


def _commit(
    context: Context,
    connection: Connection,
    lease: LeaseRow,
    bundle: VerifiedBundle,
    staged: Staged,
    *,
    now: int,
) -> StoredOutcome:
    created = put_bundle(connection, lease.workspace_id, bundle, staged.manifest, staged.metadata, now=now)
    cover_finished(connection, lease, retention=context.retention)
    delete_rejection(connection, lease.workspace_id, bundle.digest)
    return StoredOutcome(digest=bundle.digest, lease=_view(lease), created=created)


def _reload(context: Context, lease: LeaseRow, staged: Staged) -> VerifiedBundle:
    key = (lease.workspace_id, lease.digest)
    cached = context.manifests.find(key)
    if cached is not None:
        return cached
    try:
        bundle = verify_manifest(
            staged.manifest, lease.digest, limits=context.limits, features=context.features
        )
    except DigestMismatchError as error:
        raise LeaseExpiredError(lease.id) from error
    context.manifests.put(key, bundle, len(staged.manifest))
    return bundle


def _find_manifest(context: Context, caller: Caller, digest: str) -> bytes | None:
    try:
        return read_manifest_bytes(context, caller, digest)[1]
    except BundleMissingError:
        return None


def _reject(context: Context, caller: Caller, metadata: BundleMetadata, error: YoiError) -> None:
    with context.database.write() as connection:
        workspace_id = put_workspace(connection, caller.issuer, metadata.workspace)
        delete_lease(connection, workspace_id, caller.key, metadata.digest)
        put_rejection(
            connection,
            workspace_id,
            metadata.digest,
            error,
            most=context.retention.max_rejections,
            now=context.clock.now(),
        )


def _staged(lease: LeaseRow, missing: list[str]) -> StagedOutcome:
    return StagedOutcome(digest=lease.digest, lease=_view(lease), missing=tuple(missing))


def _view(lease: LeaseRow) -> LeaseView:
    return LeaseView(id=lease.id, expires_at=format_instant(lease.expires_at))
