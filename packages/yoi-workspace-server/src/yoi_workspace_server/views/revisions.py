"""Views of workspaces, their revisions, builds, bundles and differences."""

from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.diff.change import BundleDiff, Change
from yoi_bundle.metadata import Provenance
from yoi_bundle.profile_closure import list_profiles
from yoi_bundle.verified import VerifiedBundle
from yoi_wire.backend.availability import FailedBuildView
from yoi_wire.backend.builds import BuildProblemView, BuildView, DiagnosticView
from yoi_wire.backend.diffs import ChangeView, DiffView
from yoi_wire.backend.revisions import (
    ActivationView,
    BundleView,
    ProvenanceView,
    PublicationView,
    RevisionView,
    RevocationView,
)
from yoi_wire.backend.workspaces import GitSource, SourceView, WorkspaceView
from yoi_workspace_server.revisions import (
    Activation,
    BuildProblem,
    BuildRecord,
    RecordedRevision,
    Revision,
    Revocation,
)
from yoi_workspace_server.workspaces import Workspace


def build_provenance_view(provenance: Provenance) -> ProvenanceView:
    return ProvenanceView(
        kind=provenance.kind,
        builder=provenance.builder,
        builder_version=provenance.builder_version,
        commit=provenance.commit,
        dirty=provenance.dirty,
    )


def build_revision_view(revision: Revision) -> RevisionView:
    return RevisionView(
        revision=revision.revision,
        digest=revision.digest,
        provenance=build_provenance_view(revision.metadata.provenance),
        publisher=revision.metadata.publisher,
        recorded_at=revision.recorded_at,
    )


def build_publication_view(recorded: RecordedRevision) -> PublicationView:
    return PublicationView(revision=build_revision_view(recorded.revision), created=recorded.created)


def build_activation_view(activation: Activation) -> ActivationView:
    return ActivationView(
        generation=activation.generation,
        revision=activation.revision,
        digest=activation.digest,
        kind=activation.kind,
        actor=activation.actor,
        reason=activation.reason,
        activated_at=activation.activated_at,
    )


def build_revocation_view(revocation: Revocation) -> RevocationView:
    return RevocationView(
        digest=revocation.digest,
        actor=revocation.actor,
        reason=revocation.reason,
        revoked_at=revocation.revoked_at,
    )


_SECTIONS = ("models", "prompts", "workflows", "skills", "tools", "policies", "plugins", "profiles")


def build_bundle_view(
    bundle: VerifiedBundle, revision: Revision, revocation: Revocation | None
) -> BundleView:
    manifest = bundle.manifest
    counts = {section: len(getattr(manifest, section)) for section in _SECTIONS}
    return BundleView(
        digest=bundle.digest,
        revision=revision.revision,
        size=bundle.size,
        counts={**counts, "blobs": len(bundle.blobs), "grants.secrets": len(manifest.grants.secrets)},
        profiles=tuple(sorted(list_profiles(manifest))),
        default_profile=manifest.default_profile,
        provenance=build_provenance_view(revision.metadata.provenance),
        publisher=revision.metadata.publisher,
        recorded_at=revision.recorded_at,
        revocation=None if revocation is None else build_revocation_view(revocation),
    )


def _build_diagnostic(one: Diagnostic, secret_names: bool) -> DiagnosticView:
    return DiagnosticView(
        severity=one.severity,
        rule=one.rule,
        file=one.file,
        line=one.line,
        message=one.message if secret_names else "",
        pointer=one.pointer if secret_names else "",
        remedy=one.remedy if secret_names else "",
    )


def _build_problem(problem: BuildProblem, secret_names: bool) -> BuildProblemView:
    details = problem.details if secret_names else {}
    return BuildProblemView(code=problem.code, details=details, commit=problem.commit)


def build_failed_build_view(build: BuildRecord, *, secret_names: bool) -> FailedBuildView:
    """Return why a workspace's last build failed, with the first of its errors."""
    problem = build.problem or BuildProblem(code="bundle.invalid")
    errors = [one for one in build.diagnostics if one.severity == "error"]
    return FailedBuildView(
        built_at=build.built_at,
        code=problem.code,
        commit=problem.commit,
        error=_build_diagnostic(errors[0], secret_names) if errors else None,
    )


MAX_CHANGES = 2000

MAX_TEXT_CHARACTERS = 2 * 1024 * 1024
"""Of all text diffs of one answer together."""

_SECRETLESS = frozenset(
    {
        "project",
        "language",
        "prompts",
        "skills",
        "policies",
        "workspace",
        "schema_version",
        "default_profile",
        "builtin/set_digest",
    }
)
"""Sections whose items name no secret; a new section of the manifest is not among them until somebody says so."""

_TEXT_ENDING = "/content"
_NAMING = frozenset({"secrets", "permissions", "plugin_permissions"})


def _cut_pointer(pointer: str) -> str:
    """End a pointer at the first step whose members are called by the names of secrets or permissions."""
    kept: list[str] = []
    for step in pointer.split("/"):
        kept.append(step)
        if step in _NAMING:
            break
    return "/".join(kept)


def build_workspace_view(workspace: Workspace) -> WorkspaceView:
    source = workspace.source
    return WorkspaceView(
        id=workspace.id,
        title=workspace.title,
        visibility=workspace.visibility,
        source=SourceView(
            kind=str(source.__struct_config__.tag), ref=source.ref if isinstance(source, GitSource) else ""
        ),
        automatic=workspace.automatic,
        held=workspace.held,
        suspended=workspace.suspended,
        active=workspace.active,
        withheld_revision=workspace.withheld_revision,
        created_at=workspace.created_at,
    )


def build_build_view(build: BuildRecord, *, secret_names: bool) -> BuildView:
    """Return what a reader may see; without `secret_names` no words of a diagnostic, and no details of a failure."""
    return BuildView(
        id=build.id,
        outcome=build.outcome,
        digest=build.digest,
        revision=build.revision,
        diagnostics=tuple(_build_diagnostic(one, secret_names) for one in build.diagnostics),
        diagnostic_count=build.diagnostic_count,
        problem=None if build.problem is None else _build_problem(build.problem, secret_names),
        built_at=build.built_at,
    )


def _build_change(change: Change, *, secret_names: bool, room: int) -> ChangeView:
    values = secret_names or change.section in _SECRETLESS
    texts = values or (change.section == "workflows" and change.pointer.endswith(_TEXT_ENDING))
    fits = len(change.text) <= room
    return ChangeView(
        section=change.section,
        item=change.item,
        pointer=change.pointer if values else _cut_pointer(change.pointer),
        change_class=change.change_class,
        before=change.before if values else "",
        after=change.after if values else "",
        text=change.text if texts and fits else "",
        profiles=change.profiles,
        withheld=not values or not fits,
    )


def build_diff_view(
    diff: BundleDiff, *, from_revision: int, to_revision: int, secret_names: bool
) -> DiffView:
    """Return what a reader may see of a diff."""
    classes: dict[str, int] = {}
    for change in diff.changes:
        classes[change.change_class] = classes.get(change.change_class, 0) + 1
    views: list[ChangeView] = []
    room = MAX_TEXT_CHARACTERS
    for change in diff.changes[:MAX_CHANGES]:
        view = _build_change(change, secret_names=secret_names, room=room)
        room -= len(view.text)
        views.append(view)
    return DiffView(
        from_revision=from_revision,
        to_revision=to_revision,
        from_digest=diff.old,
        to_digest=diff.new,
        classes=classes,
        changes=tuple(views),
        change_count=len(diff.changes),
    )
