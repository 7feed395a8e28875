"""Build of a bundle: from a source tree to a verified bundle, or to the reasons why there is none (B-03, B-06 to B-11, B-14)."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.assemble import Assembly, AssemblyInput
from yoi_bundle.authoring.assembly.ledger import ItemKey, ItemPointers
from yoi_bundle.authoring.boundary_checks import Finding, check_boundaries, make_finding
from yoi_bundle.authoring.dialects.native.workspace_items import list_schema_files
from yoi_bundle.authoring.dialects.native.workspace_toml import WorkspaceForm
from yoi_bundle.authoring.drafts.diagnostics import Diagnostics, Place, show_path
from yoi_bundle.authoring.formats.form import GUIDE
from yoi_bundle.authoring.read import Progress, SourceReading, read_source
from yoi_bundle.authoring.source.file_account import FileAccount, account_files
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE, SourceTree
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.builtin import NO_BUILTINS, BuiltinSet
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.diagnostics import Diagnostic, sort_diagnostics
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import FaultyBundleError, LimitExceededError, YoiError
from yoi_bundle.identifiers import WorkspaceId
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Manifest
from yoi_bundle.verified import VerifiedBundle, verify_manifest

DEFAULT_WORKSPACE = "local"
COUNTED_SECTIONS = (
    "profiles",
    "prompts",
    "workflows",
    "skills",
    "tools",
    "policies",
    "plugins",
    "models",
)


class BuiltBundle(Struct, frozen=True, kw_only=True):
    """A bundle, verified.

    Attributes:
        manifest: Canonical bytes.
        blobs: Every blob by digest, and none besides.
    """

    manifest: bytes
    digest: str
    blobs: dict[str, bytes]
    verified: VerifiedBundle


class BuildResult(Struct, frozen=True, kw_only=True):
    """What a build came to.

    Attributes:
        bundle: None when there are errors and the build is not lenient, or nothing of it can stand.
        diagnostics: Sorted by file, line, rule.
        counts: Items by section of the manifest; of what would be there, when there is no bundle.
        files: Each file present is read or left out.
    """

    workspace: str
    bundle: BuiltBundle | None
    diagnostics: tuple[Diagnostic, ...]
    counts: dict[str, int]
    files: FileAccount

    @property
    def has_errors(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)


@contextmanager
def _pause_cycle_collection() -> Iterator[None]:
    """Keep CPython from walking, again and again, over the many values of a build, which hold no cycles.

    That is a tenth of a build's time. What a build keeps is bounded by its limits.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_pause_cycle_collection()
def build_bundle(
    tree: SourceTree,
    *,
    scanner: SecretScanner,
    workspace: str | None = None,
    builtins: BuiltinSet = NO_BUILTINS,
    limits: Limits = DEFAULT_LIMITS,
    lenient: bool = False,
    agents: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> BuildResult:
    """Build a workspace's bundle.

    Deterministic: equal trees give equal bytes, whatever the order of files, place, locale, time zone or hash seed.

    Args:
        tree: The workspace's files.
        scanner: Looks for credentials in everything that would enter the bundle.
        workspace: The id for a workspace whose `workspace.toml` says none; `local` when nobody does.
        builtins: The built-in profiles that may be used.
        limits: Bounds of the bundle.
        lenient: Leave out just the items at fault and what depends on them, instead of refusing the whole.
        agents: Globs of Markdown that is read as agents, besides those of `[source]` in workspace.toml.
        progress: Told about stages.

    Returns:
        The bundle, verified as a receiver would, or the diagnostics that say why there is none.
    """
    reading = read_source(tree, limits=limits, agents=agents, progress=progress)
    form = reading.workspace.form
    name = (form.id if form is not None else None) or workspace or DEFAULT_WORKSPACE
    diagnostics = Diagnostics()
    diagnostics.add(*reading.diagnostics)
    # With a `workspace.toml` at fault even a lenient build refuses: the policies that it names are unknown.
    if form is None or not _is_workspace_id(name, diagnostics):
        return _finish(tree, name, diagnostics, manifest=None, bundle=None)
    source = AssemblyInput(
        workspace=name,
        reading=reading.workspace,
        contributions=reading.contributions,
        files=tree.files,
        failed=reading.failed,
        failed_plugins=reading.failed_plugins,
        builtins=builtins,
    )
    return _Build(tree, source, reading, limits).run(scanner, form, lenient=lenient, progress=progress)


class _Build:
    """One build after reading: assemble, check, leave out what is at fault, again until the rest stands."""

    def __init__(
        self, tree: SourceTree, source: AssemblyInput, reading: SourceReading, limits: Limits
    ) -> None:
        self._tree = tree
        self._source = source
        self._reading = reading
        self._limits = limits
        self._diagnostics: dict[Diagnostic, None] = {}

    def run(
        self, scanner: SecretScanner, form: WorkspaceForm, *, lenient: bool, progress: Progress | None
    ) -> BuildResult:
        if progress is not None:
            progress("check", 0, 1)
        assembly = Assembly(self._source, frozenset())
        findings = check_boundaries(assembly, scanner=scanner, allow=form.allow, limits=self._limits)
        bundle, faults = self._verify(assembly)
        findings.extend(faults)
        excluded: set[ItemKey] = set()
        while lenient and not _stands_in_the_way(findings):
            more = {
                item
                for finding in findings
                if finding.diagnostic.severity == "error"
                for item in finding.items
            }
            self._keep(findings)
            if more <= excluded:
                break
            excluded |= more
            assembly = Assembly(self._source, frozenset(excluded))
            bundle, findings = self._verify(assembly)
        self._keep(findings)
        diagnostics = Diagnostics()
        diagnostics.add(*self._reading.diagnostics, *self._diagnostics, *assembly.ledger.collect())
        if (diagnostics.failed and not lenient) or _stands_in_the_way(findings):
            bundle = None
        return _finish(
            self._tree,
            self._source.workspace,
            diagnostics,
            manifest=assembly.manifest,
            bundle=bundle,
            schemas=list_schema_files(self._reading.workspace),
        )

    def _keep(self, findings: Iterable[Finding]) -> None:
        self._diagnostics.update((finding.diagnostic, None) for finding in findings)

    def _verify(self, assembly: Assembly) -> tuple[BuiltBundle | None, list[Finding]]:
        """Do what a receiver does; a fault is a finding about the item in which it lies."""
        data = encode_canonical(assembly.manifest)
        digest = compute_digest(data)
        try:
            verified = verify_manifest(data, digest, limits=self._limits)
        except FaultyBundleError as error:
            return None, _locate_faults(error, assembly)
        except LimitExceededError as error:
            return None, [_locate_limit(error, assembly)]
        except YoiError as error:
            return None, [make_finding("error", error.code, Place(WORKSPACE_FILE), str(error), "")]
        held = {**assembly.ledger.blobs, **self._source.builtins.blobs}
        blobs = {name: held[name] for name in sorted(verified.blobs)}
        return BuiltBundle(manifest=data, digest=digest, blobs=blobs, verified=verified), []


def _is_workspace_id(name: str, diagnostics: Diagnostics) -> bool:
    try:
        msgspec.convert(name, WorkspaceId)
    except msgspec.ValidationError:
        message = "the workspace id is not of its grammar"
        remedy = "write small letters, digits, dots, hyphens and underscores"
        diagnostics.report("error", "workspace.bad_id", Place(WORKSPACE_FILE), message, remedy)
        return False
    return True


def _stands_in_the_way(findings: Iterable[Finding]) -> bool:
    """Tell whether an error is about the bundle as a whole, so that leaving items out does not help."""
    return any(finding.diagnostic.severity == "error" and not finding.items for finding in findings)


def _locate_faults(error: FaultyBundleError, assembly: Assembly) -> list[Finding]:
    pointers = ItemPointers(assembly.ledger)
    return [
        make_finding(
            "error",
            fault.code,
            pointers.find_place(fault.pointer),
            fault.message,
            fault.remedy or GUIDE,
            items=pointers.find_items(fault.pointer),
            pointer=fault.pointer,
        )
        for fault in error.faults
    ]


def _locate_limit(error: LimitExceededError, assembly: Assembly) -> Finding:
    uses = assembly.ledger.uses.get(error.place)
    file = uses[0].place.file if uses else WORKSPACE_FILE
    return make_finding(
        "error", error.code, Place(file), str(error), "make it smaller, or split the workspace"
    )


def _finish(
    tree: SourceTree,
    workspace: str,
    diagnostics: Diagnostics,
    *,
    manifest: Manifest | None,
    bundle: BuiltBundle | None,
    schemas: frozenset[str] = frozenset(),
) -> BuildResult:
    account, complete = account_files(tree, manifest, diagnostics, schemas=schemas)
    if account.read == 0 and not any(diagnostic.severity == "error" for diagnostic in complete):
        # A bundle that brings nothing would pass for the workspace's wish to have no profile any more.
        bundle = None
        emptiness = Diagnostics()
        message = "nothing in this directory is agent configuration"
        remedy = (
            "begin with `.yoi/profiles/NAME.md`; or, where agents lie in folders of other names, write "
            '`[source]` and `agents = ["FOLDER/*.md"]` in .yoi/workspace.toml, or say `--agents "FOLDER/*.md"`; '
            "the table in docs/guides/authoring.md says what else is read"
        )
        emptiness.report("error", "workspace.empty", Place("."), message, remedy)
        complete += emptiness.collect()
    counts = {
        section: len(getattr(manifest, section)) if manifest is not None else 0
        for section in COUNTED_SECTIONS
    }
    return BuildResult(
        workspace=workspace,
        bundle=bundle,
        diagnostics=tuple(sort_diagnostics(list(dict.fromkeys(_show_files(complete))))),
        counts=counts,
        files=account,
    )


def _show_files(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Write every file's name as it may be shown."""
    shown: dict[str, str] = {}
    for diagnostic in diagnostics:
        file = diagnostic.file
        if file not in shown:
            shown[file] = show_path(file)
        yield diagnostic if shown[file] == file else replace(diagnostic, file=shown[file])
