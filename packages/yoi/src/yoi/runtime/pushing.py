"""Bring a stored bundle to another Runtime and assign it there (R-04, R-11)."""

import asyncio
from collections.abc import Callable

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import Caller
from worker_runtime.sync.bundle_sync import BundleSource, SyncReport, sync_bundle
from yoi.bundles.source import OpenBundle
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.client.retry import Patience
from yoi_wire.errors import RequestInvalidError

# Somebody sits before it: a cut is mended, a Runtime that asks to be left alone for longer is told of.
_PATIENCE = Patience(attempts=4, deadline_seconds=20.0)


def verify_pushable(opened: OpenBundle) -> BundleMetadata:
    """Return the metadata that travels beside a bundle.

    Raises:
        RequestInvalidError: The bundle is an archive without any.
    """
    if opened.metadata is None:
        raise RequestInvalidError("an archive without metadata; import it first", field="bundle")
    return opened.metadata


async def push_bundle(
    runtime: RuntimeApi,
    caller: Caller,
    opened: OpenBundle,
    *,
    find_manifest: Callable[[str], bytes | None],
    patience: Patience = _PATIENCE,
) -> SyncReport:
    """Make a Runtime hold a bundle, and assign it to its workspace.

    The generation is one more than what is assigned there now, or the same when that is this bundle already. Whoever
    assigns another one in between wins: this push is then refused, and may be tried again.

    Args:
        runtime: The Runtime.
        caller: With scopes `bundles:read` and `bundles:write` for the workspace.
        opened: The bundle.
        find_manifest: Gives a manifest that is held on this side; that of the assigned bundle is the base of a delta.
        patience: How often to go on after a failure that may pass by itself.

    Raises:
        AssignmentStaleError, AssignmentConflictError: Somebody else assigned meanwhile.
        YoiError: What the Runtime refused; see `RuntimeApi`.
    """
    metadata = verify_pushable(opened)

    async def read_blob(digest: str) -> bytes:
        return await asyncio.to_thread(opened.read_blob, digest)

    source = BundleSource(metadata=metadata, manifest=opened.data, read_blob=read_blob)
    current = await runtime.get_assignment(caller, metadata.workspace)
    if current.digest == metadata.digest:
        return await sync_bundle(
            runtime,
            caller,
            source,
            generation=current.generation,
            likely_held=True,
            patience=patience,
        )
    base = None if current.digest is None else await asyncio.to_thread(find_manifest, current.digest)
    return await sync_bundle(
        runtime, caller, source, generation=current.generation + 1, base=base, patience=patience
    )
