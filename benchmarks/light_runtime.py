"""Runtimes that answer as Runtimes do, and work on content once a process: the fastest servers for measuring clients.

What a manifest or a blob is worth is found out once in a process, in full, and looked up for the next Runtime that is
sent the same bytes; nothing is written to disk. What a Runtime holds, lacks and has assigned is each one's own.
"""

import secrets
import tempfile
from collections.abc import AsyncIterable
from pathlib import Path

from msgspec import Struct

from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.bundles import (
    BundleEntry,
    BundleStatus,
    LeaseView,
    ManifestBody,
    PutOutcome,
    StagedOutcome,
    StoredOutcome,
)
from worker_runtime.contract.caller import Caller, verify_access
from worker_runtime.contract.runtime_info import RuntimeInfo
from worker_runtime.sync.transfer.manifest_coding import decode_manifest_body
from worker_runtime.sync.transfer.pack_reader import read_pack
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.metadata import BundleMetadata
from yoi_bundle.verified import verify_manifest
from yoi_wire.clock import SystemClock, format_instant
from yoi_wire.errors import (
    AssignmentConflictError,
    AssignmentStaleError,
    BundleMissingError,
    LeaseExpiredError,
)
from yoi_wire.paging import Page

_LEASE_MILLISECONDS = 15 * 60 * 1000


class _Known(Struct, frozen=True):
    """A verified manifest.

    Attributes:
        beyond: Digest → size of the blobs that the first manifest of the process does not have.
    """

    manifest: bytes
    beyond: dict[str, int]


class LightContents:
    """What all Runtimes of a process have been sent; the first manifest and its blobs are held by each from the start."""

    def __init__(self, manifest: bytes, digest: str) -> None:
        bundle = verify_manifest(manifest, digest)
        self.first = digest
        self._first_blobs = frozenset(bundle.blobs)
        self._known = {digest: _Known(manifest, {})}
        self._bodies: dict[tuple[str, bytes], str] = {}

    def get(self, digest: str) -> _Known:
        return self._known[digest]

    def receive(self, digest: str, body: ManifestBody, held: set[str]) -> _Known:
        """Decode and verify a manifest that nobody has sent yet."""
        key = (body.encoding, body.content)
        if self._bodies.get(key) != digest:
            manifest = decode_manifest_body(
                body,
                limits=DEFAULT_LIMITS,
                find_base=lambda base: self._known[base].manifest if base in held else None,
            )
            blobs = verify_manifest(manifest, digest).blobs
            beyond = {name: one.size for name, one in blobs.items() if name not in self._first_blobs}
            self._known[digest] = _Known(manifest, beyond)
            self._bodies[key] = digest
        return self._known[digest]


class _Space:
    """What one Runtime keeps of an issuer's workspace."""

    def __init__(self, first: str) -> None:
        self.held = {first}
        self.blobs: set[str] = set()
        self.metadata: dict[str, BundleMetadata] = {}
        self.leases: dict[str, str] = {}
        self.assignment: Assignment | None = None


class LightRuntime:
    """One Runtime; implements what a sync and an inspection ask of `RuntimeApi`."""

    def __init__(self, info: RuntimeInfo, contents: LightContents) -> None:
        self._info = info
        self._contents = contents
        self._spaces: dict[tuple[str, str], _Space] = {}

    async def get_runtime(self, caller: Caller) -> RuntimeInfo:
        return self._info

    async def put_bundle(
        self, caller: Caller, digest: str, metadata: BundleMetadata, body: ManifestBody
    ) -> PutOutcome:
        verify_access(caller, "bundles:write", metadata.workspace)
        space = self._get_space(caller, metadata.workspace)
        known = self._contents.receive(digest, body, space.held)
        space.metadata[digest] = metadata
        lease = LeaseView(id=secrets.token_hex(16), expires_at=_expire())
        missing = tuple(sorted(known.beyond.keys() - space.blobs))
        if missing:
            space.leases[lease.id] = digest
            return StagedOutcome(digest=digest, lease=lease, missing=missing)
        created = digest not in space.held
        space.held.add(digest)
        return StoredOutcome(digest=digest, lease=lease, created=created)

    async def put_pack(self, caller: Caller, lease: str, pack: AsyncIterable[bytes]) -> PutOutcome:
        space = self._get_space(caller, min(caller.workspaces))
        digest = space.leases.pop(lease, None)
        if digest is None:
            raise LeaseExpiredError(lease)
        sizes = self._contents.get(digest).beyond
        async for packed in read_pack(pack, sizes, spool_directory=Path(tempfile.gettempdir())):
            space.blobs.update(blob.digest for blob in packed)
        missing = tuple(sorted(sizes.keys() - space.blobs))
        view = LeaseView(id=lease, expires_at=_expire())
        if missing:
            return StagedOutcome(digest=digest, lease=view, missing=missing)
        space.held.add(digest)
        return StoredOutcome(digest=digest, lease=view, created=True)

    async def get_assignment(self, caller: Caller, workspace: str) -> Assignment:
        return self._get_space(caller, workspace).assignment or Assignment(workspace=workspace)

    async def put_assignment(self, caller: Caller, workspace: str, request: AssignmentRequest) -> Assignment:
        verify_access(caller, "bundles:write", workspace)
        space = self._get_space(caller, workspace)
        held = space.assignment
        if held is not None and request.generation < held.generation:
            raise AssignmentStaleError(workspace, generation=request.generation, current=held.generation)
        if held is not None and request.generation == held.generation and request.digest != held.digest:
            raise AssignmentConflictError(workspace, generation=request.generation, assigned=held.digest)
        if request.digest not in space.held:
            raise BundleMissingError(request.digest)
        space.assignment = Assignment(
            workspace=workspace,
            generation=request.generation,
            digest=request.digest,
            revision=request.revision,
            assigned_at=format_instant(SystemClock().now()),
        )
        return space.assignment

    async def list_bundles(
        self, caller: Caller, *, workspace: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[BundleEntry]:
        space = self._get_space(caller, workspace or "")
        entries = [
            BundleEntry(
                digest=digest,
                workspace=metadata.workspace,
                state="stored",
                metadata=metadata,
                size=0,
                blobs=0,
                profiles=1,
                stored_at=metadata.created_at,
            )
            for digest, metadata in space.metadata.items()
            if digest in space.held
        ]
        return Page(items=tuple(entries), next_cursor=None)

    async def get_bundle_status(self, caller: Caller, digest: str) -> BundleStatus:
        return BundleStatus(digest=digest, stored=True, verified=True)

    def _get_space(self, caller: Caller, workspace: str) -> _Space:
        key = (caller.issuer, workspace)
        if key not in self._spaces:
            self._spaces[key] = _Space(self._contents.first)
        return self._spaces[key]


def _expire() -> str:
    return format_instant(SystemClock().now() + _LEASE_MILLISECONDS)
