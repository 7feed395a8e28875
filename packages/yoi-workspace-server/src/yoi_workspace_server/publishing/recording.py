"""Recording of a verified bundle as a revision, and its activation where that is automatic (K-01, B-03)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from yoi_bundle.metadata import Provenance
from yoi_bundle.verified import VerifiedBundle
from yoi_workspace_server.revisions import RecordedRevision
from yoi_workspace_server.store.store import Store


async def record_bundle(
    store: Store,
    bundle: VerifiedBundle,
    manifest: bytes,
    read_blob: Callable[[str], bytes],
    *,
    provenance: Provenance,
    publisher: str = "",
    actor: str,
    now: int,
) -> RecordedRevision:
    """Keep a bundle's missing blobs and its manifest, give it a revision, and activate that where it is automatic.

    Args:
        store: Where it goes.
        bundle: What the manifest says, verified.
        manifest: Its exact bytes.
        read_blob: Gives a blob by digest; called in a thread, for blobs that the workspace lacks.
        provenance: Where the content came from, as its publisher claims it.
        publisher: Who published it; empty for a build of this Backend.
        actor: Whom the audit names.
        now: Milliseconds since 1970.

    Raises:
        WorkspaceNotFoundError: There is no workspace of the manifest's id.
        BackendUnavailableError: The database cannot be asked.
    """
    workspace = bundle.manifest.workspace
    digests = sorted(bundle.blobs)
    missing = await store.bundles.find_missing_blobs(workspace, digests)
    await store.bundles.put_bundle(
        workspace,
        digest=bundle.digest,
        manifest=manifest,
        size=bundle.size,
        blob_digests=digests,
        contents=_read_blobs(missing, read_blob),
        now=now,
    )
    recorded = await store.revisions.record_revision(
        workspace, bundle.digest, provenance=provenance, publisher=publisher, actor=actor, now=now
    )
    await store.activations.activate_automatically(workspace, recorded.revision.revision, now=now)
    return recorded


async def _read_blobs(
    digests: Sequence[str], read_blob: Callable[[str], bytes]
) -> AsyncIterator[tuple[str, bytes]]:
    for digest in digests:
        yield digest, await asyncio.to_thread(read_blob, digest)
