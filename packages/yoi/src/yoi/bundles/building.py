"""Build a directory's bundle, with everything that the builder is given from outside."""

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from worker_runtime.contract.bundles import BundleEntry
from yoi.bundles.source import OpenBundle
from yoi.configuration import Configuration
from yoi.runtime.local import LocalRuntime
from yoi_bundle.authoring.build import BuildResult, BuiltBundle, build_bundle
from yoi_bundle.authoring.read import Progress
from yoi_bundle.authoring.source.ignored import find_ignored
from yoi_bundle.authoring.source.provenance import describe_provenance
from yoi_bundle.authoring.source.walk import walk_directory
from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.metadata import BundleMetadata, Provenance
from yoi_wire.errors import RequestInvalidError


def build_directory(
    directory: Path,
    configuration: Configuration,
    *,
    workspace: str | None,
    lenient: bool,
    agents: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> BuildResult:
    """Build a workspace; nothing is stored.

    Raises:
        RequestInvalidError: The directory cannot be read.
        LimitExceededError: It holds too much.
    """
    try:
        tree = walk_directory(directory, limits=DEFAULT_LIMITS, ignored=find_ignored(directory))
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be read", field=str(directory)) from error
    return build_bundle(
        tree,
        scanner=make_scanner(configuration),
        workspace=workspace,
        builtins=load_builtin_set(),
        limits=DEFAULT_LIMITS,
        lenient=lenient,
        agents=agents,
        progress=progress,
    )


def make_scanner(configuration: Configuration) -> SecretScanner:
    """Return the scanner of builds; its compiled rules are kept where this user keeps caches."""
    return create_scanner(cache_directory=_make_cache_directory(configuration))


def make_metadata(digest: str, workspace: str, provenance: Provenance, *, revision: int) -> BundleMetadata:
    """Make what is known about a bundle that is stored now."""
    now = datetime.now(tz=UTC).replace(microsecond=0)
    return BundleMetadata(
        workspace=workspace,
        digest=digest,
        revision=revision,
        created_at=now.isoformat().replace("+00:00", "Z"),
        provenance=provenance,
    )


def store_build(runtime: LocalRuntime, result: BuildResult, directory: Path) -> int | None:
    """Store a built bundle and return its revision: a new one unless the latest has the same digest (B-03)."""
    bundle = result.bundle
    if bundle is None:
        return None
    entries = runtime.list_bundles(result.workspace)
    latest = find_latest(entries)
    if latest is not None and latest.digest == bundle.digest:
        metadata = latest.metadata
        if latest.state == "stored":
            return metadata.revision
    else:
        metadata = make_metadata(
            bundle.digest,
            result.workspace,
            describe_provenance(directory, builder="yoi", builder_version=version("yoi")),
            revision=compute_next_revision(entries),
        )
    runtime.put_bundle(metadata, bundle.manifest, bundle.blobs.__getitem__)
    return metadata.revision


def find_latest(entries: Iterable[BundleEntry]) -> BundleEntry | None:
    """Return the bundle of a workspace's latest revision; None when none is stored."""
    return max(entries, key=lambda entry: entry.metadata.revision, default=None)


def compute_next_revision(entries: Iterable[BundleEntry]) -> int:
    """Return the revision after a workspace's latest.

    Raises:
        LimitExceededError: An archive brought the last that there can be.
    """
    latest = find_latest(entries)
    revision = 1 if latest is None else latest.metadata.revision + 1
    if revision > MAX_SAFE_INTEGER:
        raise LimitExceededError("revision", value=revision, allowed=MAX_SAFE_INTEGER, place="metadata")
    return revision


def open_built(bundle: BuiltBundle) -> OpenBundle:
    """Look at a bundle that has just been built like at any other."""
    return OpenBundle(
        bundle=bundle.verified, data=bundle.manifest, metadata=None, read_blob=bundle.blobs.__getitem__
    )


def summarise_build(result: BuildResult, revision: int | None) -> dict[str, Any]:
    """Return the stable object of `build --json`; `docs/cli.md` says its fields."""
    bundle = result.bundle
    return {
        "digest": bundle.digest if bundle else None,
        "revision": revision,
        "workspace": result.workspace if bundle else None,
        "counts": result.counts,
        "blobs": len(bundle.verified.blobs) if bundle else 0,
        "bytes": bundle.verified.size if bundle else 0,
        "files": {"read": result.files.read, "left_out": len(result.files.left_out)},
        "diagnostics": [
            {
                "severity": one.severity,
                "rule": one.rule,
                "file": one.file,
                "line": one.line,
                "pointer": one.pointer,
                "message": one.message,
                "remedy": one.remedy,
            }
            for one in result.diagnostics
        ],
    }


def _make_cache_directory(configuration: Configuration) -> Path | None:
    """Return a place of this user alone for the scanner's compiled rules; None where none can be made."""
    path = configuration.cache_directory / "scanner"
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None
    return path
