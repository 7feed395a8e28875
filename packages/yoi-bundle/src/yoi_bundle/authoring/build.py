"""From a source tree to a verified bundle, or to the reasons why there is none (B-03, B-06 to B-11, B-14)."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.assemble import Assembly, AssemblyInput, assemble
from yoi_bundle.authoring.assembly.item_pointers import ItemPointers
from yoi_bundle.authoring.assembly.ledger import ItemKey
from yoi_bundle.authoring.assembly.workspace_refusals import refuse_early, report_emptiness
from yoi_bundle.authoring.boundary_checks import Finding, check_boundaries
from yoi_bundle.authoring.dialects.native.workspace_items import list_schema_files
from yoi_bundle.authoring.dialects.native.workspace_toml import WorkspaceForm
from yoi_bundle.authoring.read import Progress, SourceReading, read_source
from yoi_bundle.authoring.source.file_account import FileAccount, account_files
from yoi_bundle.authoring.source.walk import SourceTree, show_path
from yoi_bundle.authoring.source.workspace_path import WORKSPACE_FILE
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.builtin import NO_BUILTINS, BuiltinSet
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.diagnostics import Diagnostic, sort_diagnostics
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import FaultyBundleError, LimitExceededError, YoiError
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
        return any(one.severity == "error" for one in self.diagnostics)


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
    progress: Progress | None = None,
) -> BuildResult:
    """Build a workspace's bundle.

    Deterministic: equal trees give equal bytes, whatever the order of files, place, locale, time zone or hash seed.

    Args:
        tree: The workspace's files.
        scanner: Looks for credentials in everything that would enter the bundle.
        workspace: The id for a workspace whose `workspace.toml` says none; `local` when nobody does.
        builtins: The built-in profiles that may be used.
        limits: HttpLimits of the bundle.
        lenient: Leave out just the items at fault and what depends on them, instead of refusing the whole.
        progress: Told about stages.
    """
    reading = read_source(tree, limits=limits, progress=progress)
    form = reading.workspace.form
    name = (form.id if form is not None else None) or workspace or DEFAULT_WORKSPACE
    refusal = refuse_early(form, name)
    if refusal is not None:
        remarks = [*reading.diagnostics, *refusal]
        return _finish(tree, name, remarks, manifest=None, bundle=None)
    source = AssemblyInput(
        workspace=name,
        reading=reading.workspace,
        contributions=reading.contributions,
        files=tree.files,
        failed=reading.failed,
        failed_plugins=reading.failed_plugins,
        builtins=builtins,
    )
    return _Build(tree, source, reading, limits).run(
        scanner, form or WorkspaceForm(), lenient=lenient, progress=progress
    )


class _Build:
    """One build after reading: assemble, check, leave out what is at fault, again until the rest stands."""

    def __init__(
        self, tree: SourceTree, source: AssemblyInput, reading: SourceReading, limits: Limits
    ) -> None:
        self._tree = tree
        self._source = source
        self._reading = reading
        self._limits = limits
        self._remarks: dict[Diagnostic, None] = {}

    def run(
        self, scanner: SecretScanner, form: WorkspaceForm, *, lenient: bool, progress: Progress | None
    ) -> BuildResult:
        if progress is not None:
            progress("check", 0, 1)
        assembly = assemble(self._source, frozenset())
        found = check_boundaries(
            assembly,
            sources=assembly.ledger.sources,
            scanner=scanner,
            allow=form.allow,
            limits=self._limits,
        )
        bundle, faults = self._verify(assembly)
        found.extend(faults)
        excluded: set[ItemKey] = set()
        while lenient and not _stands_in_the_way(found):
            more = {item for one in found if one.diagnostic.severity == "error" for item in one.items}
            self._keep(found)
            if more <= excluded:
                break
            excluded |= more
            assembly = assemble(self._source, frozenset(excluded))
            bundle, found = self._verify(assembly)
        self._keep(found)
        remarks = [*self._reading.diagnostics, *self._remarks, *assembly.ledger.diagnostics]
        refused = any(one.severity == "error" for one in remarks) and not lenient
        if refused or _stands_in_the_way(found):
            bundle = None
        return _finish(
            self._tree,
            self._source.workspace,
            remarks,
            manifest=assembly.manifest,
            bundle=bundle,
            schemas=list_schema_files(self._reading.workspace),
        )

    def _keep(self, found: Iterable[Finding]) -> None:
        self._remarks.update((one.diagnostic, None) for one in found)

    def _verify(self, assembly: Assembly) -> tuple[BuiltBundle | None, list[Finding]]:
        """Do what a receiver does; a fault is a finding about the item in which it lies."""
        data = encode_canonical(assembly.manifest)
        digest = compute_digest(data)
        try:
            verified = verify_manifest(data, digest, limits=self._limits)
        except FaultyBundleError as error:
            return None, _locate_faults(error, assembly)
        except LimitExceededError as error:
            return None, [Finding(_report_limit(error, assembly))]
        except YoiError as error:
            diagnostic = Diagnostic(
                severity="error", rule=error.code, file=WORKSPACE_FILE, message=str(error), remedy=""
            )
            return None, [Finding(diagnostic)]
        held = {**assembly.ledger.blobs, **self._source.builtins.blobs}
        blobs = {name: held[name] for name in sorted(verified.blobs)}
        return BuiltBundle(manifest=data, digest=digest, blobs=blobs, verified=verified), []


def _stands_in_the_way(found: Iterable[Finding]) -> bool:
    """Tell whether an error is about the bundle as a whole, so that leaving items out does not help."""
    return any(one.diagnostic.severity == "error" and not one.items for one in found)


def _locate_faults(error: FaultyBundleError, assembly: Assembly) -> list[Finding]:
    pointers = ItemPointers(assembly.ledger)
    findings: list[Finding] = []
    for fault in error.faults:
        place = pointers.find_place(fault.pointer)
        diagnostic = Diagnostic(
            severity="error",
            rule=fault.code,
            file=show_path(place.file),
            line=place.line,
            pointer=fault.pointer,
            message=fault.message,
            remedy=fault.remedy or "see docs/guides/authoring.md",
        )
        findings.append(Finding(diagnostic, pointers.find_items(fault.pointer)))
    return findings


def _report_limit(error: LimitExceededError, assembly: Assembly) -> Diagnostic:
    uses = assembly.ledger.uses.get(error.place, [])
    return Diagnostic(
        severity="error",
        rule=error.code,
        file=show_path(uses[0].place.file) if uses else WORKSPACE_FILE,
        message=str(error),
        remedy="make it smaller, or split the workspace",
    )


def _show_files(remarks: list[Diagnostic]) -> list[Diagnostic]:
    """Write every file's name as it may be shown, whoever made the remark."""
    shown = {file: show_path(file) for file in {remark.file for remark in remarks}}
    return [
        remark if shown[remark.file] == remark.file else replace(remark, file=shown[remark.file])
        for remark in remarks
    ]


def _finish(
    tree: SourceTree,
    workspace: str,
    remarks: list[Diagnostic],
    *,
    manifest: Manifest | None,
    bundle: BuiltBundle | None,
    schemas: frozenset[str] = frozenset(),
) -> BuildResult:
    shown = _show_files(remarks)
    account, complete = account_files(tree, manifest, shown, schemas=schemas)
    if account.read == 0 and not any(one.severity == "error" for one in complete):
        bundle = None
        complete = [*complete, report_emptiness()]
    counts = {
        section: len(getattr(manifest, section)) if manifest is not None else 0
        for section in COUNTED_SECTIONS
    }
    return BuildResult(
        workspace=workspace,
        bundle=bundle,
        diagnostics=tuple(sort_diagnostics(list(dict.fromkeys(complete)))),
        counts=counts,
        files=account,
    )
