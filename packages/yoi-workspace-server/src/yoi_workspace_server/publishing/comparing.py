"""Diff of two revisions of a workspace, by meaning (B-12)."""

import asyncio

from yoi_bundle.diff import BundleDiff, compute_diff
from yoi_bundle.verified import verify_manifest
from yoi_workspace_server.revisions import Revision
from yoi_workspace_server.store.bundles import BundleRepository


async def compare_revisions(bundles: BundleRepository, old: Revision, new: Revision) -> BundleDiff:
    """Say what differs; the comparison runs in a thread, which asks this loop for the texts that changed.

    Raises:
        BundleMissingError: A bundle is no longer there.
        StoreCorruptError: A text is damaged.
    """
    workspace = new.workspace
    loop = asyncio.get_running_loop()
    before = await bundles.get_manifest(workspace, old.digest)
    after = await bundles.get_manifest(workspace, new.digest)

    def read_blob(digest: str) -> bytes:
        return asyncio.run_coroutine_threadsafe(bundles.get_blob(workspace, digest), loop).result()

    def compare() -> BundleDiff:
        first = verify_manifest(before.manifest, before.digest)
        return compute_diff(first, verify_manifest(after.manifest, after.digest), read_blob)

    return await asyncio.to_thread(compare)
