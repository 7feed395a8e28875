"""Sync of a bundle to a Runtime with as few requests and bytes as there can be (R-04, P-02, P-03).

Works on any `RuntimeApi`: across a network it is the sync protocol, in this process the same steps.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from msgspec import Struct

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.bundles import ManifestBody, ManifestEncoding, PutOutcome, StagedOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from worker_runtime.sync.transfer.pack import write_pack
from yoi_bundle.errors import BundleBlobsMissingError, DigestMismatchError, YoiError
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.client.retry import ONE_ATTEMPT, Patience, retry
from yoi_wire.errors import (
    BundleBaseMissingError,
    BundleCorruptError,
    BundleMissingError,
    LeaseExpiredError,
    RequestInvalidError,
    UnauthenticatedError,
)

ReadBlob: TypeAlias = Callable[[str], Awaitable[bytes]]
"""From a blob's digest to its bytes, on the sender's side."""

EncodeManifest: TypeAlias = Callable[[bytes, ManifestEncoding, bytes | None], Awaitable[ManifestBody]]
"""From a manifest, an encoding and the base of a delta to the body of a request."""

_MAX_STUCK = 2
_REFUSED_PACKS = (
    LeaseExpiredError,
    RequestInvalidError,
    DigestMismatchError,
    UnauthenticatedError,
)
"""A token may have come to its end while the pack was on its way; the manifest goes with a fresh one."""
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
    patience: Patience = ONE_ATTEMPT,
    encode: EncodeManifest | None = None,
) -> SyncReport:
    """Make a Runtime hold a bundle, and make it the bundle of its workspace's new Workers.

    Every step may be asked again: a manifest says anew what is missing, a pack is made anew of just that, and the
    generation fences the assignment. May be called again after any failure, too.

    Args:
        runtime: The Runtime.
        caller: With scope `bundles:write` for the workspace.
        source: The bundle.
        generation: The Backend's activation counter.
        base: A manifest that the Runtime is thought to hold; the manifest goes as a delta against it.
        likely_held: Start with the assignment, which is all there is to do when nothing has changed.
        patience: How often to go on after a failure that may pass by itself; a blob more that was verified is a step
            forward.
        encode: Encodes manifests, for a sender that has many Runtimes to give the same bytes to.

    Raises:
        AssignmentStaleError, AssignmentConflictError: A newer activation has been here.
        YoiError: What the Runtime refused; see `RuntimeApi`.
    """
    run = _Run(runtime, caller, source, generation, base=base, held=likely_held, encode=encode)
    return await retry(run.go_on, patience, measure=run.measure)


class _Run:
    """One sync, and what it has done so far."""

    def __init__(
        self,
        runtime: RuntimeApi,
        caller: Caller,
        source: BundleSource,
        generation: int,
        *,
        base: bytes | None,
        held: bool,
        encode: EncodeManifest | None,
    ) -> None:
        self._runtime = runtime
        self._caller = caller
        self._source = source
        self._generation = generation
        self._base = base
        self._held = held
        self._encode = encode or _encode
        self._plain = False
        self._missing: int | None = None
        self._requests = 0
        self._sent: list[str] = []

    def measure(self) -> tuple[bool, int | None]:
        """Say how far it is: whether the bundle is held, and how many blobs the Runtime lacked when it last said so."""
        return self._held, self._missing

    async def go_on(self) -> SyncReport:
        """Do what is left to be done."""
        if self._held:
            try:
                return await self.assign()
            except (BundleMissingError, BundleCorruptError):
                self._held = False
        await self._bring()
        self._held = True
        return await self.assign()

    async def _bring(self) -> None:
        """Put the manifest, and packs until nothing is missing.

        A pack that was refused may have been cut, repeated or changed on its way; what came before is kept. So it is
        sent again for as long as that brings the Runtime a blob more, and once when it does not.
        """
        outcome = await self._put_manifest()
        stuck = 0
        while isinstance(outcome, StagedOutcome):
            before = self._note(outcome)
            refusal: YoiError = BundleBlobsMissingError(outcome.digest, outcome.lease.id, outcome.missing)
            try:
                outcome = await self._send(outcome)
            except _REFUSED_PACKS as error:
                refusal = error
                outcome = await self._put_manifest()
            stuck = 0 if self._note(outcome) < before else stuck + 1
            if stuck == _MAX_STUCK:
                raise refusal

    def _note(self, outcome: PutOutcome) -> int:
        self._missing = len(outcome.missing) if isinstance(outcome, StagedOutcome) else 0
        return self._missing

    async def _put_manifest(self) -> PutOutcome:
        """Put the manifest; when something changed it on its way, once more, and plain from then on."""
        if not self._plain:
            try:
                return await self._put_short()
            except DigestMismatchError:
                self._plain = True
        return await self._put("identity", None)

    async def _put_short(self) -> PutOutcome:
        if self._base is not None:
            try:
                return await self._put("dcz", self._base)
            except BundleBaseMissingError:
                self._base = None
        return await self._put("zstd" if len(self._source.manifest) > _PLAIN_BYTES else "identity", None)

    async def _send(self, staged: StagedOutcome) -> PutOutcome:
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
        body = await self._encode(self._source.manifest, encoding, base)
        return await self._runtime.put_bundle(self._caller, metadata.digest, metadata, body)

    async def _read_blobs(self, digests: tuple[str, ...]) -> AsyncIterator[tuple[str, bytes]]:
        for digest in digests:
            yield digest, await self._source.read_blob(digest)
            self._sent.append(digest)


async def _encode(manifest: bytes, encoding: ManifestEncoding, base: bytes | None) -> ManifestBody:
    return encode_manifest(manifest, encoding, base=base)
