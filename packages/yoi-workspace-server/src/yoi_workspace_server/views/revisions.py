"""View of revisions and activations (K-01, K-07)."""

from yoi_bundle.metadata import Provenance
from yoi_wire.backend.revisions import (
    ActivationView,
    ProvenanceView,
    PublicationView,
    RevisionView,
    RevocationView,
)
from yoi_workspace_server.revisions import Activation, RecordedRevision, Revision, Revocation


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
