"""Builds of workspaces: read the source, build the bundle, record the revision (K-01)."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.errors import LimitExceededError, YoiError
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.metadata import Provenance
from yoi_bundle.verified import VerifiedBundle, verify_manifest
from yoi_wire.backend.workspaces import DirectorySource, Source
from yoi_wire.clock import Clock
from yoi_workspace_server.audit import SYSTEM_ACTOR
from yoi_workspace_server.event_log import LOG
from yoi_workspace_server.publishing.build_processes import JobRunner
from yoi_workspace_server.publishing.build_work import (
    MANIFEST_FILE,
    Answer,
    BuildJob,
    Built,
    Refused,
    find_blob_file,
)
from yoi_workspace_server.revisions import (
    BuildProblem,
    BuildRecord,
    NewBuild,
    RecordedRevision,
    Revision,
)
from yoi_workspace_server.sources.checkout import SourceUnreadableError
from yoi_workspace_server.sources.reading import SourceReader
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.workspaces import Workspace


class Builder:
    """Builds workspaces, each of them once at a time, elsewhere than in this process.

    Args:
        store: Where bundles, revisions and build records go.
        sources: Opens sources.
        jobs: Does the builds, within its limits.
        temporary: A directory of this program alone.
        clock: The source of time.
        limits: Limits of bundles.
        quota_bytes: How much a workspace may keep.
    """

    def __init__(
        self,
        store: Store,
        sources: SourceReader,
        *,
        jobs: JobRunner,
        temporary: Path,
        clock: Clock,
        limits: Limits = DEFAULT_LIMITS,
        quota_bytes: int = MAX_SAFE_INTEGER,
    ) -> None:
        self._store = store
        self._sources = sources
        self._jobs = jobs
        self._temporary = temporary
        self._clock = clock
        self._limits = limits
        self._quota_bytes = quota_bytes
        self._refused: dict[str, tuple[Source, str]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def build(self, workspace: str, *, actor: str = SYSTEM_ACTOR) -> BuildRecord:
        """Build what a workspace's source holds now, and record how that ended.

        A new digest becomes a revision, and the active one where that is to happen by itself.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            BackendUnavailableError: The database cannot be asked; a fault of the source is a failed build instead.
        """
        async with self._locks[workspace]:
            found = await self._store.workspaces.get_workspace(workspace)
            try:
                async with self._sources.open(found.source) as checkout:
                    with tempfile.TemporaryDirectory(prefix="build-", dir=self._temporary) as place:
                        job = BuildJob(
                            directory=str(checkout.directory),
                            workspace=workspace,
                            results=place,
                            is_work_tree=isinstance(found.source, DirectorySource),
                        )
                        record = await self._do(job, checkout.provenance, actor)
                    self._remember(found, checkout.provenance, record)
                    return record
            except SourceUnreadableError as error:
                problem = BuildProblem(code=error.code, details=error.details())
                return await self._record_failure(workspace, problem, actor)
            except YoiError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a source brings about is its own failed build
                LOG.event("build_fault", workspace=workspace, error=type(error).__name__)
                return await self._record_failure(workspace, BuildProblem(code="internal"), actor)

    async def _do(self, job: BuildJob, provenance: Provenance, actor: str) -> BuildRecord:
        """Do a build elsewhere and record it; one that goes beyond its limits is a failed one."""
        try:
            answer = await self._jobs.run(job, workspace=job.workspace)
            return await self._record(answer, Path(job.results), provenance, job.workspace, actor)
        except LimitExceededError as error:
            problem = BuildProblem(code=error.code, details=error.details(), commit=provenance.commit)
            return await self._record_failure(job.workspace, problem, actor)

    def _remember(self, workspace: Workspace, provenance: Provenance, record: BuildRecord) -> None:
        """Keep which commit was refused for what it holds, or costs: it is the same at the next look."""
        if record.outcome == "failed" and provenance.commit:
            self._refused[workspace.id] = (workspace.source, provenance.commit)
        else:
            self._refused.pop(workspace.id, None)

    async def needs_build(self, workspace: str) -> bool:
        """Tell whether a build may change anything: other content, or what is active; a directory's always may.

        A commit that does not build is not built again by itself before there is another one, or another process.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            SourceUnreadableError: The source cannot be reached.
        """
        found = await self._store.workspaces.get_workspace(workspace)
        version = await self._sources.find_version(found.source)
        latest = await self._store.revisions.find_latest(workspace)
        if version is not None and self._refused.get(workspace) == (found.source, version):
            return False
        if version is None or latest is None or latest.metadata.provenance.commit != version:
            return True
        return await self._awaits_activation(found, latest)

    async def _awaits_activation(self, workspace: Workspace, latest: Revision) -> bool:
        """Tell whether the latest revision is yet to be activated: after a crash in between, or a hold since released."""
        later = workspace.active is None or workspace.active.revision < latest.revision
        if not later or workspace.withheld_revision == latest.revision:
            return False
        if workspace.held or workspace.suspended or not workspace.automatic:
            return False
        return await self._store.revocations.find_revocation(workspace.id, latest.digest) is None

    async def _record(
        self, answer: Answer, results: Path, provenance: Provenance, workspace: str, actor: str
    ) -> BuildRecord:
        match answer:
            case Refused(code=code, details=details):
                problem = BuildProblem(code=code, details=details, commit=provenance.commit)
                return await self._record_failure(workspace, problem, actor)
            case Built():
                pass
            case _:
                raise AssertionError("a build's answer is Built or Refused")
        report = NewBuild(
            workspace=workspace,
            outcome="failed",
            diagnostics=answer.diagnostics,
            diagnostic_count=answer.diagnostic_count,
        )
        if answer.digest is None or answer.has_errors:
            problem = BuildProblem(code="bundle.invalid", commit=provenance.commit)
            return await self._write(replace(report, problem=problem), actor)
        if answer.workspace != workspace:
            different = {"workspace": workspace, "named": answer.workspace}
            problem = BuildProblem(code="request.invalid", details=different, commit=provenance.commit)
            return await self._write(replace(report, problem=problem), actor)
        manifest, bundle = await asyncio.to_thread(read_results, results, answer.digest, self._limits)
        recorded = await record_bundle(
            self._store,
            bundle,
            manifest,
            lambda digest: find_blob_file(results, digest).read_bytes(),
            provenance=provenance,
            actor=actor,
            now=self._clock.now(),
            quota_bytes=self._quota_bytes,
        )
        return await self._write(
            replace(
                report,
                outcome="new" if recorded.created else "unchanged",
                digest=recorded.revision.digest,
                revision=recorded.revision.revision,
            ),
            actor,
        )

    async def _record_failure(self, workspace: str, problem: BuildProblem, actor: str) -> BuildRecord:
        build = NewBuild(workspace=workspace, outcome="failed", problem=problem)
        return await self._write(build, actor)

    async def _write(self, build: NewBuild, actor: str) -> BuildRecord:
        return await self._store.builds.record_build(build, actor=actor, now=self._clock.now())


def read_results(results: Path, digest: str, limits: Limits) -> tuple[bytes, VerifiedBundle]:
    """Return the manifest among a process's results, verified again: what a process says is not taken on trust."""
    manifest = (results / MANIFEST_FILE).read_bytes()
    return manifest, verify_manifest(manifest, digest, limits=limits)


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
    quota_bytes: int = MAX_SAFE_INTEGER,
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
        quota_bytes: How much the workspace may keep.

    Raises:
        LimitExceededError: It would keep more than that.
        WorkspaceNotFoundError: There is no workspace of the manifest's id.
        BackendUnavailableError: The database cannot be asked.
    """
    workspace = bundle.manifest.workspace
    digests = sorted(bundle.blobs)
    missing = await store.bundles.find_missing_blobs(workspace, digests)
    if not await store.bundles.has_bundle(workspace, bundle.digest):
        adding = len(manifest) + sum(bundle.blobs[digest].size for digest in missing)
        await store.retention.verify_room(workspace, adding=adding, quota_bytes=quota_bytes)
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
    emptied = not bundle.manifest.profiles and await _has_profiles(store, workspace)
    await store.activations.activate_automatically(
        workspace, recorded.revision.revision, emptied=emptied, now=now
    )
    return recorded


async def _has_profiles(store: Store, workspace: str) -> bool:
    """Tell whether the active bundle has any profile of the workspace's own."""
    active = (await store.workspaces.get_workspace(workspace)).active
    if active is None:
        return False
    stored = await store.bundles.get_manifest(workspace, active.digest)
    return bool(verify_manifest(stored.manifest, active.digest).manifest.profiles)


async def _read_blobs(
    digests: Sequence[str], read_blob: Callable[[str], bytes]
) -> AsyncIterator[tuple[str, bytes]]:
    for digest in digests:
        yield digest, await asyncio.to_thread(read_blob, digest)
