"""Bundle values of the contract: metadata, states, outcomes of sending one (R-04 to R-06)."""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from yoi_bundle.metadata import BundleMetadata

BundleState: TypeAlias = Literal["stored", "corrupt"]
ManifestEncoding: TypeAlias = Literal["identity", "zstd", "dcz"]


class BundleEntry(Struct, frozen=True, kw_only=True):
    """One stored bundle.

    Attributes:
        metadata: As its publisher gave it.
        state: `corrupt` when bytes of it are damaged here; it is not served until it is put again.
        size: Manifest and blobs together, in bytes.
        blobs: Number of distinct blobs.
        profiles: Number of profiles.
        stored_at: RFC 3339.
    """

    digest: str
    workspace: str
    metadata: BundleMetadata
    state: BundleState
    size: int
    blobs: int
    profiles: int
    stored_at: str


class BundleContent(Struct, frozen=True, kw_only=True):
    """A bundle's manifest, as the very bytes that hash to its digest."""

    metadata: BundleMetadata
    manifest: bytes


class ManifestBody(Struct, frozen=True, kw_only=True):
    """A manifest on its way: plain, zstd, or a zstd delta against a manifest the Runtime holds (RFC 9842)."""

    content: bytes
    encoding: ManifestEncoding = "identity"


class LeaseView(Struct, frozen=True, kw_only=True):
    """The right to finish a bundle, and its cover until a Worker or an assignment holds it.

    Attributes:
        expires_at: RFC 3339; moves on with each verified batch.
    """

    id: str
    expires_at: str


class StoredOutcome(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="stored"):
    """The bundle is complete, verified, durable and visible.

    Attributes:
        lease: Covers it.
        created: Whether this very call made it so.
    """

    digest: str
    lease: LeaseView
    created: bool


class StagedOutcome(Struct, frozen=True, kw_only=True, tag_field="outcome", tag="staged"):
    """The manifest is verified and kept under the lease; these blobs are still to come.

    Attributes:
        missing: Digests, sorted.
    """

    digest: str
    lease: LeaseView
    missing: tuple[str, ...]


PutOutcome: TypeAlias = StoredOutcome | StagedOutcome
"""What came of a manifest or a pack (R-04)."""


class Rejection(Struct, frozen=True, kw_only=True):
    """Why bytes that hashed to the digest were refused."""

    rejected_at: str
    code: str
    details: dict[str, Any]


class ProfileRejection(Struct, frozen=True, kw_only=True):
    """A profile, by selector, that this Runtime cannot run although it took the bundle (B-06)."""

    profile: str
    code: str
    lacking: tuple[str, ...]


class BundleStatus(Struct, frozen=True, kw_only=True):
    """Everything the caller may know about a digest (R-05).

    Attributes:
        staged: Its manifest is here and waits for blobs.
        missing: Number of blobs it waits for.
        stored: Complete and visible.
        verified: Stored, and nothing of it is known to be damaged.
        verified_at: When all of it was last read and found whole; RFC 3339.
        rejected: The latest refusal, when the bundle is neither staged nor stored.
        rejected_profiles: Profiles of a stored bundle that need what this Runtime lacks.
        assigned: New Workers of its workspace should use it.
        leased: Some lease covers it.
        workers: Ids of the Workers that pin it.
    """

    digest: str
    staged: bool = False
    missing: int = 0
    stored: bool = False
    verified: bool = False
    verified_at: str | None = None
    rejected: Rejection | None = None
    rejected_profiles: tuple[ProfileRejection, ...] = ()
    assigned: bool = False
    leased: bool = False
    workers: tuple[str, ...] = ()
