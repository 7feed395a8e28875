"""Work on what others wrote, as it is done in a process of its own: builds of sources, and checks of archives (K-01, B-11)."""

import resource
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

import msgspec
from msgspec import Struct

from yoi_bundle.archive import read_archive
from yoi_bundle.authoring.build import build_bundle
from yoi_bundle.authoring.source.ignored import NOTHING_IGNORED, find_ignored
from yoi_bundle.authoring.source.walk import walk_directory
from yoi_bundle.boundary.contents import verify_blob_contents
from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.errors import YoiError
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Descriptor
from yoi_bundle.metadata import Provenance
from yoi_workspace_server.revisions import MAX_DIAGNOSTICS
from yoi_workspace_server.sources.checkout import SourceUnreadableError

MANIFEST_FILE = "manifest"
ARCHIVE_FILE = "archive"
LENGTH_BYTES = 4
READY = b"ready"


class BuildJob(Struct, frozen=True, kw_only=True, tag="build"):
    """A source to build.

    Attributes:
        directory: The source.
        results: An empty directory for manifest and blobs.
        is_work_tree: Whether people work in the directory, so that what git ignores there is left out.
    """

    directory: str
    workspace: str
    results: str
    is_work_tree: bool = False


class ArchiveJob(Struct, frozen=True, kw_only=True, tag="archive"):
    """A finished bundle to take apart and check.

    Attributes:
        results: A directory with `archive` in it; manifest and blobs are put beside.
    """

    results: str


Job: TypeAlias = BuildJob | ArchiveJob


class Built(Struct, frozen=True, kw_only=True, tag="built"):
    """How a build ended; with a digest, manifest and blobs lie in the directory for results."""

    workspace: str
    digest: str | None = None
    has_errors: bool
    diagnostics: tuple[Diagnostic, ...]
    diagnostic_count: int


class Checked(Struct, frozen=True, kw_only=True, tag="checked"):
    """A sound archive; manifest and blobs lie in the directory for results."""

    digest: str
    provenance: Provenance | None = None


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """A typed error that the work ended with."""

    code: str
    details: dict[str, Any]


class Failed(Struct, frozen=True, kw_only=True, tag="failed"):
    """The work ended in a way that nobody foresaw, or for want of memory."""

    reason: Literal["memory", "fault"]
    error: str


Answer: TypeAlias = Built | Checked | Refused | Failed


def find_blob_file(results: Path, digest: str) -> Path:
    """Return where a blob lies among results."""
    return results / digest.removeprefix("sha256:")


def run_job(job: Job, scanner: SecretScanner, *, limits: Limits = DEFAULT_LIMITS) -> Answer:
    """Do one job; what is wrong with the content is in the answer."""
    try:
        match job:
            case BuildJob():
                return _build(job, scanner, limits)
            case ArchiveJob():
                return _check(Path(job.results), scanner, limits)
    except YoiError as error:
        return Refused(code=error.code, details=error.details())


def _build(job: BuildJob, scanner: SecretScanner, limits: Limits) -> Built:
    try:
        directory = Path(job.directory)
        ignored = find_ignored(directory) if job.is_work_tree else NOTHING_IGNORED
        tree = walk_directory(directory, limits=limits, ignored=ignored)
    except OSError as error:
        raise SourceUnreadableError(
            "the directory cannot be read",
            remedy="see whether it is there, and whether the server may read it",
        ) from error
    result = build_bundle(
        tree, scanner=scanner, workspace=job.workspace, builtins=load_builtin_set(), limits=limits
    )
    bundle = result.bundle
    if bundle is not None:
        results = Path(job.results)
        (results / MANIFEST_FILE).write_bytes(bundle.manifest)
        for digest, content in bundle.blobs.items():
            find_blob_file(results, digest).write_bytes(content)
    return Built(
        workspace=result.workspace,
        digest=None if bundle is None else bundle.digest,
        has_errors=result.has_errors,
        diagnostics=result.diagnostics[:MAX_DIAGNOSTICS],
        diagnostic_count=len(result.diagnostics),
    )


def _check(results: Path, scanner: SecretScanner, limits: Limits) -> Checked:
    def put_blob(descriptor: Descriptor, content: bytes) -> None:
        find_blob_file(results, descriptor.digest).write_bytes(content)

    with (results / ARCHIVE_FILE).open("rb") as file:
        archived = read_archive(file, put_blob, limits=limits)
    (results / ARCHIVE_FILE).unlink()
    verify_blob_contents(
        archived.bundle.manifest,
        lambda digest: find_blob_file(results, digest).read_bytes(),
        scanner=scanner,
        limits=limits,
    )
    (results / MANIFEST_FILE).write_bytes(archived.manifest)
    provenance = archived.metadata.provenance if archived.metadata else None
    return Checked(digest=archived.bundle.digest, provenance=provenance)


def serve(cache_directory: Path, *, memory_bytes: int, seconds: int) -> None:
    """Do jobs from standard input until it ends, and answer each on standard output.

    Memory is bounded for the process, so that it fails alone. Processor time is bounded for each job, so that it ends even
    where nobody is left to kill it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    scanner = create_scanner(cache_directory=cache_directory)
    scanner.scan([("warm", b"word")])
    load_builtin_set()
    answers = sys.stdout.buffer
    _write(answers, READY)
    while (frame := _read(sys.stdin.buffer)) is not None:
        spent = int(time.process_time()) + 1
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (spent + 4 * seconds, hard))
        _write(answers, msgspec.json.encode(_answer(frame, scanner)))


def _answer(frame: bytes, scanner: SecretScanner) -> Answer:
    try:
        return run_job(msgspec.json.decode(frame, type=Job), scanner)
    except MemoryError as error:
        return Failed(reason="memory", error=type(error).__name__)
    except Exception as error:  # noqa: BLE001 - the supervisor logs what it is told
        return Failed(reason="fault", error=type(error).__name__)


def _write(stream: BinaryIO, frame: bytes) -> None:
    stream.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)
    stream.flush()


def _read(stream: BinaryIO) -> bytes | None:
    length = stream.read(LENGTH_BYTES)
    return stream.read(int.from_bytes(length, "big")) if len(length) == LENGTH_BYTES else None


if __name__ == "__main__":
    serve(Path(sys.argv[1]), memory_bytes=int(sys.argv[2]), seconds=int(sys.argv[3]))
