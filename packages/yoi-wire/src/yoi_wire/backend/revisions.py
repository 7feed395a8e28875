"""Revisions, activations and revocations: what the Backend takes, and what it shows (K-01)."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.metadata import Revision as RevisionNumber


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


Reason: TypeAlias = Annotated[str, Meta(max_length=1000)]
"""Why somebody does something, in words; for the history."""


class ActivationRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A revision to make active."""

    revision: RevisionNumber
    reason: Reason = ""


class RollbackRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A revision to go back to.

    Attributes:
        revision: None for the one before that which is active.
    """

    revision: RevisionNumber | None = None
    reason: Reason = ""


class RevocationRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A digest to revoke."""

    digest: str
    reason: Reason = ""


class BundleView(Struct, frozen=True, kw_only=True):
    """A bundle.

    Attributes:
        revision: The newest with this digest.
        size: Manifest and blobs together, in bytes.
        counts: Items of each section; `blobs`, and `grants.secrets` without a name of any.
        profiles: Selectors.
        default_profile: What `default` means.
        revocation: None unless it is revoked.
    """

    digest: str
    revision: int
    size: int
    counts: dict[str, int]
    profiles: tuple[str, ...]
    default_profile: str | None
    provenance: ProvenanceView
    publisher: str
    recorded_at: str
    revocation: RevocationView | None
