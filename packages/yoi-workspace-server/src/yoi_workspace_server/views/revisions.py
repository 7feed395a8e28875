"""View of revisions and activations (K-01, K-07)."""

from msgspec import Struct

from yoi_bundle.metadata import Provenance
from yoi_workspace_server.revisions import Activation, RecordedRevision, Revision, Revocation


class ProvenanceView(Struct, frozen=True, kw_only=True):
    """Where content came from, as its publisher claims; without the address of the repository."""

    kind: str
    builder: str
    builder_version: str
    commit: str
    dirty: bool


class RevisionView(Struct, frozen=True, kw_only=True):
    """A revision; see `yoi_workspace_server.revisions.Revision`."""

    revision: int
    digest: str
    provenance: ProvenanceView
    publisher: str
    recorded_at: str


class PublicationView(Struct, frozen=True, kw_only=True):
    """What a publication came to.

    Attributes:
        created: False when the latest revision has the same digest already.
    """

    revision: RevisionView
    created: bool


class ActivationView(Struct, frozen=True, kw_only=True):
    """A move of the pointer; see `yoi_workspace_server.revisions.Activation`."""

    generation: int
    revision: int
    digest: str
    kind: str
    actor: str
    reason: str
    activated_at: str


class RevocationView(Struct, frozen=True, kw_only=True):
    """A digest that no new Worker may use."""

    digest: str
    actor: str
    reason: str
    revoked_at: str


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
