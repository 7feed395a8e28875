"""View of a bundle: how many of each kind it holds, and which profiles (K-07)."""

from yoi_bundle.profile_closure import list_profiles
from yoi_bundle.verified import VerifiedBundle
from yoi_wire.backend.revisions import BundleView
from yoi_workspace_server.revisions import Revision, Revocation
from yoi_workspace_server.views.revisions import build_provenance_view, build_revocation_view

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
