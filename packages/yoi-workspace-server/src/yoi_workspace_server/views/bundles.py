"""View of a bundle: how many of each kind it holds, and which profiles (K-07)."""

from msgspec import Struct

from yoi_bundle.profile_closure import list_profiles
from yoi_bundle.verified import VerifiedBundle
from yoi_workspace_server.revisions import Revision, Revocation
from yoi_workspace_server.views.revisions import (
    ProvenanceView,
    RevocationView,
    build_provenance_view,
    build_revocation_view,
)

_SECTIONS = ("models", "prompts", "workflows", "skills", "tools", "policies", "plugins", "profiles")


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
