"""Bring a bundle to a Runtime with as few requests and bytes as there can be (R-04, P-02, P-03).

Works on any `RuntimeApi`: across a network it is the sync protocol, in this process the same steps.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from msgspec import Struct

from worker_runtime.api import RuntimeApi
from worker_runtime.assignments import Assignment, AssignmentRequest
from worker_runtime.bundles import ManifestEncoding, PutOutcome, StagedOutcome
from worker_runtime.caller import Caller
from worker_runtime.errors import (
    BundleBaseMissingError,
    BundleCorruptError,
    BundleMissingError,
    LeaseExpiredError,
)
from worker_runtime.transfer.manifest_coding import encode_manifest
from worker_runtime.transfer.pack import write_pack
from yoi_bundle.metadata import BundleMetadata

ReadBlob: TypeAlias = Callable[[str], Awaitable[bytes]]
"""From a blob's digest to its bytes, on the sender's side."""

_MAX_ROUNDS = 4
_PLAIN_BYTES = 512
"""Below this a frame costs more than it saves."""


class BundleSource(Struct, frozen=True, kw_only=True):
    """A bundle as its sender holds it."""

    metadata: BundleMetadata
    manifest: bytes
    read_blob: ReadBlob


class SyncReport(Struct, frozen=True, kw_only=True):
    """What a sync did.

    Attributes:
        requests: Number of operations asked of the Runtime.
        sent_blobs: Digests of the blobs that travelled.
    """

    assignment: Assignment
    requests: int
    sent_blobs: tuple[str, ...]


async def sync_bundle(
    runtime: RuntimeApi,
    caller: Caller,
    source: BundleSource,
    *,
    generation: int,
    base: bytes | None = None,
    likely_held: bool = False,
) -> SyncReport:
    """Make a Runtime hold a bundle, and make it the bundle of its workspace's new Workers.

    May be called again after any failure, and then sends only what was not verified before.

    Args:
        runtime: The Runtime.
        caller: With scope `bundles:write` for the workspace.
        source: The bundle.
        generation: The Backend's activation counter.
        base: A manifest that the Runtime is thought to hold; the manifest goes as a delta against it.
        likely_held: Start with the assignment, which is all there is to do when nothing has changed.

    Raises:
        AssignmentStaleError, AssignmentConflictError: A newer activation has been here.
        YoiError: What the Runtime refused; see `RuntimeApi`.
    """
    run = _Run(runtime, caller, source, generation)
    if likely_held:
        try:
            return await run.assign()
        except (BundleMissingError, BundleCorruptError):
            pass
    outcome = await run.put(base)
    for _ in range(_MAX_ROUNDS):
        if not isinstance(outcome, StagedOutcome):
            break
        try:
            outcome = await run.send(outcome)
        except LeaseExpiredError:
            outcome = await run.put(base)
    return await run.assign()


class _Run:
    """One sync, and what it has done so far."""

    def __init__(self, runtime: RuntimeApi, caller: Caller, source: BundleSource, generation: int) -> None:
        self._runtime = runtime
        self._caller = caller
        self._source = source
        self._generation = generation
        self._requests = 0
        self._sent: list[str] = []

    async def put(self, base: bytes | None) -> PutOutcome:
        if base is not None:
            try:
                return await self._put("dcz", base)
            except BundleBaseMissingError:
                pass
        return await self._put("zstd" if len(self._source.manifest) > _PLAIN_BYTES else "identity", None)

    async def send(self, staged: StagedOutcome) -> PutOutcome:
        self._requests += 1
        pack = write_pack(self._read_blobs(staged.missing))
        return await self._runtime.put_pack(self._caller, staged.lease.id, pack)

    async def assign(self) -> SyncReport:
        self._requests += 1
        metadata = self._source.metadata
        request = AssignmentRequest(
            digest=metadata.digest, revision=metadata.revision, generation=self._generation
        )
        assignment = await self._runtime.put_assignment(self._caller, metadata.workspace, request)
        return SyncReport(assignment=assignment, requests=self._requests, sent_blobs=tuple(self._sent))

    async def _put(self, encoding: ManifestEncoding, base: bytes | None) -> PutOutcome:
        self._requests += 1
        metadata = self._source.metadata
        body = encode_manifest(self._source.manifest, encoding, base=base)
        return await self._runtime.put_bundle(self._caller, metadata.digest, metadata, body)

    async def _read_blobs(self, digests: tuple[str, ...]) -> AsyncIterator[tuple[str, bytes]]:
        for digest in digests:
            yield digest, await self._source.read_blob(digest)
            self._sent.append(digest)
