"""Revisions grow by one for each workspace, as far as every reader of JSON can count (B-01, B-03)."""

import pytest

from worker_runtime.contract.bundles import BundleEntry
from yoi.bundles.building import compute_next_revision, find_latest, make_metadata
from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.metadata import Provenance


def make_entry(revision: int) -> BundleEntry:
    digest = compute_digest(str(revision).encode())
    provenance = Provenance(kind="directory", builder="yoi", builder_version="0")
    metadata = make_metadata(digest, "library", provenance, revision=revision)
    return BundleEntry(
        digest=digest,
        workspace="library",
        metadata=metadata,
        state="stored",
        size=1,
        blobs=0,
        profiles=0,
        stored_at=metadata.created_at,
    )


@pytest.mark.req("B-03")
def test_the_next_revision_follows_the_latest_wherever_it_stands_in_the_list() -> None:
    entries = [make_entry(revision) for revision in (2, 7, 3)]
    assert find_latest(entries) == entries[1]
    assert compute_next_revision(entries) == 8
    assert compute_next_revision([]) == 1


@pytest.mark.req("B-01", "B-03")
def test_after_the_last_revision_that_there_can_be_comes_none() -> None:
    assert compute_next_revision([make_entry(MAX_SAFE_INTEGER - 1)]) == MAX_SAFE_INTEGER
    with pytest.raises(LimitExceededError, match="revision"):
        compute_next_revision([make_entry(MAX_SAFE_INTEGER)])
