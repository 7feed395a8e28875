"""Workspaces, bundles, revisions, activations and revocations; one suite on every database (K-08)."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from support.backend.store_under_test import PROVENANCE, StoreUnderTest, stream_contents
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import BundleBlobsMissingError, DigestMismatchError
from yoi_wire.backend.errors import (
    BundleRevokedError,
    WorkspaceConflictError,
    WorkspaceNotFoundError,
)
from yoi_wire.backend.workspaces import (
    DirectorySource,
    GitSource,
    NewWorkspace,
    PublishedSource,
    WorkspaceChange,
)
from yoi_wire.errors import BundleMissingError, RequestInvalidError
from yoi_workspace_server.revisions import RecordedRevision

pytestmark = [pytest.mark.req("K-01"), pytest.mark.req("K-08")]


def test_a_workspace_is_kept_as_it_was_added(world: StoreUnderTest) -> None:
    source = GitSource(url="https://git.example/team.git", ref="main", subdirectory="agents")
    new = NewWorkspace(id="library", title="図書館", visibility="internal", source=source)
    added = world.run(world.store.workspaces.add_workspace(new, actor="ann", now=world.now))
    found = world.run(world.store.workspaces.get_workspace("library"))
    assert found == added
    assert (found.title, found.source, found.visibility) == ("図書館", source, "internal")
    assert (found.active, found.generation, found.held) == (None, 0, False)


def test_an_id_is_given_once_even_in_a_race(world: StoreUnderTest) -> None:
    new = NewWorkspace(id="library", source=PublishedSource())
    stores = (world.store, world.open_replica())

    async def race() -> list[object]:
        adding = (one.workspaces.add_workspace(new, actor="ann", now=world.now) for one in stores)
        return list(await asyncio.gather(*adding, return_exceptions=True))

    refused = [one for one in world.run(race()) if isinstance(one, WorkspaceConflictError)]
    assert [one.details() for one in refused] == [{"workspace": "library", "reason": "exists"}]


def test_a_change_changes_what_it_names(world: StoreUnderTest) -> None:
    world.add_workspace()
    change = WorkspaceChange(visibility="public", source=DirectorySource(path="/srv/agents"), automatic=False)
    changed = world.run(
        world.store.workspaces.change_workspace("library", change, actor="ann", now=world.now)
    )
    assert (changed.visibility, changed.automatic, changed.title) == ("public", False, "")
    assert changed == world.run(world.store.workspaces.get_workspace("library"))


def test_what_is_not_there_is_said_to_be_missing(world: StoreUnderTest) -> None:
    for question in (
        world.store.workspaces.get_workspace("nowhere"),
        world.store.activations.activate("nowhere", 1, actor="ann", reason="", now=world.now),
        world.store.workspaces.delete_workspace("nowhere", actor="ann", now=world.now),
    ):
        with pytest.raises(WorkspaceNotFoundError):
            world.run(question)


def test_workspaces_come_in_pages_and_only_those_that_may_be_seen(world: StoreUnderTest) -> None:
    for name in ("c", "a", "e", "b", "d"):
        world.add_workspace(name)

    async def list_all(within: frozenset[str] | None) -> list[str]:
        names: list[str] = []
        cursor: str | None = None
        while True:
            page = await world.store.workspaces.list_workspaces(within=within, limit=2, cursor=cursor)
            assert len(page.items) <= 2
            names += [one.id for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return names

    assert world.run(list_all(None)) == ["a", "b", "c", "d", "e"]
    assert world.run(list_all(frozenset({"b", "d", "x"}))) == ["b", "d"]


def test_a_bundle_is_visible_only_when_all_its_blobs_are_there(world: StoreUnderTest) -> None:
    world.add_workspace()
    manifest, one, other = b"manifest", b"one", b"other"
    digest = compute_digest(manifest)
    blobs = [compute_digest(one), compute_digest(other)]

    async def put(*contents: bytes) -> bool:
        return await world.store.bundles.put_bundle(
            "library",
            digest=digest,
            manifest=manifest,
            size=16,
            blob_digests=blobs,
            contents=stream_contents(*contents),
            now=world.now,
        )

    with pytest.raises(BundleBlobsMissingError) as caught:
        world.run(put(one))
    assert caught.value.missing == (blobs[1],)
    assert not world.run(world.store.bundles.has_bundle("library", digest))
    with pytest.raises(BundleMissingError):
        world.run(
            world.store.revisions.record_revision(
                "library", digest, provenance=PROVENANCE, actor="ann", now=world.now
            )
        )
    assert world.run(world.store.bundles.find_missing_blobs("library", blobs)) == (blobs[1],)
    assert world.run(put(other))
    assert not world.run(put())
    assert world.run(world.store.bundles.get_manifest("library", digest)).manifest == manifest
    assert world.run(world.store.bundles.get_blob("library", blobs[0])) == one


def test_bytes_that_are_not_those_named_are_refused(world: StoreUnderTest) -> None:
    world.add_workspace()

    async def lie() -> AsyncIterator[tuple[str, bytes]]:
        yield compute_digest(b"said"), b"sent"

    with pytest.raises(DigestMismatchError):
        world.run(world.store.bundles.put_blobs("library", lie(), now=world.now))
    assert world.run(world.store.bundles.find_missing_blobs("library", [compute_digest(b"sent")]))


@pytest.mark.req("R-07")
def test_another_workspace_has_none_of_it(world: StoreUnderTest) -> None:
    world.add_workspace()
    world.add_workspace("archive")
    digest = world.put_bundle("first")
    blob = compute_digest(b"blob first")
    assert world.run(world.store.bundles.find_missing_blobs("archive", [blob])) == (blob,)
    with pytest.raises(BundleMissingError):
        world.run(world.store.bundles.get_manifest("archive", digest))


@pytest.mark.req("B-03")
def test_a_revision_is_new_only_when_its_digest_differs_from_the_latest(world: StoreUnderTest) -> None:
    world.add_workspace()
    numbers = [world.publish(content).revision for content in ("a", "a", "b", "a", "a")]
    assert numbers == [1, 1, 2, 3, 3]
    latest = world.run(world.store.revisions.find_latest("library"))
    assert latest is not None
    assert (latest.metadata.revision, latest.metadata.digest) == (3, latest.digest)


@pytest.mark.req("B-03")
def test_publishers_who_race_get_each_digest_once_and_no_number_twice(world: StoreUnderTest) -> None:
    world.add_workspace()
    digests = [world.put_bundle(f"content {number}") for number in range(4)]
    stores = (world.store, world.open_replica())

    async def publish(place: int) -> RecordedRevision:
        return await stores[place % 2].revisions.record_revision(
            "library", digests[place // 2], provenance=PROVENANCE, actor="ann", now=world.now
        )

    async def race() -> list[RecordedRevision]:
        return list(await asyncio.gather(*(publish(place) for place in range(8))))

    recorded = world.run(race())
    kept = world.run(world.store.revisions.list_revisions("library")).items
    created = [one.revision for one in recorded if one.created]
    assert sorted(one.revision for one in created) == list(range(1, len(created) + 1))
    assert sorted(created, key=lambda one: -one.revision) == list(kept)
    assert {one.digest for one in kept} == set(digests)
    assert all(one.digest != other.digest for one, other in pairwise(kept))


@pytest.mark.req("R-11")
def test_activators_who_race_get_generations_of_their_own(world: StoreUnderTest) -> None:
    world.add_workspace()
    for content in ("a", "b", "c"):
        world.publish(content)
    stores = (world.store, world.open_replica())

    async def race() -> list[int]:
        activating = [
            stores[number % 2].activations.activate(
                "library", number % 3 + 1, actor="ann", reason="", now=world.now
            )
            for number in range(12)
        ]
        return [one.generation for one in await asyncio.gather(*activating)]

    generations = world.run(race())
    assert sorted(generations) == list(range(1, 13))
    workspace = world.run(world.store.workspaces.get_workspace("library"))
    history = world.run(world.store.activations.list_activations("library")).items
    assert workspace.active is not None
    assert [one.generation for one in history] == list(range(12, 0, -1))
    assert workspace.active.generation == workspace.generation == 12
    assert workspace.active.digest == history[0].digest


def test_a_rollback_holds_automatic_activation_until_it_is_released(world: StoreUnderTest) -> None:
    world.add_workspace()
    automatic = world.store.activations.activate_automatically
    for content in ("a", "b"):
        revision = world.publish(content).revision
        assert world.run(automatic("library", revision, now=world.now)) is not None
    back = world.run(
        world.store.activations.activate(
            "library", 1, rollback=True, actor="ann", reason="b is broken", now=world.now
        )
    )
    assert (back.kind, back.revision, back.generation, back.reason) == ("rollback", 1, 3, "b is broken")
    third = world.publish("c").revision
    assert world.run(automatic("library", third, now=world.now)) is None
    world.run(world.store.workspaces.release_workspace("library", actor="ann", now=world.now))
    activation = world.run(automatic("library", third, now=world.now))
    assert activation is not None
    assert (activation.revision, activation.generation, activation.kind) == (3, 4, "automatic")


def test_automatic_activation_never_goes_back_and_never_twice(world: StoreUnderTest) -> None:
    world.add_workspace()
    world.publish("a")
    world.publish("b")
    automatic = world.store.activations.activate_automatically
    assert world.run(automatic("library", 2, now=world.now)) is not None
    assert world.run(automatic("library", 2, now=world.now)) is None
    assert world.run(automatic("library", 1, now=world.now)) is None


def test_a_workspace_that_activates_by_hand_is_left_alone(world: StoreUnderTest) -> None:
    world.add_workspace(automatic=False)
    world.publish("a")
    assert world.run(world.store.activations.activate_automatically("library", 1, now=world.now)) is None
    assert world.activate(1) == 1


def test_an_unknown_revision_is_not_activated(world: StoreUnderTest) -> None:
    world.add_workspace()
    with pytest.raises(RequestInvalidError) as caught:
        world.activate(7)
    assert caught.value.field == "revision"


def test_a_revoked_digest_is_active_no_more_and_never_again(world: StoreUnderTest) -> None:
    world.add_workspace()
    first = world.publish("a")
    world.publish("b")
    world.activate(1)
    revoke = world.store.revocations.revoke_bundle
    revoked = world.run(revoke("library", first.digest, actor="ann", reason="leak", now=world.now))
    again = world.run(revoke("library", first.digest, actor="bob", reason="other", now=world.now + 1))
    assert again == revoked
    assert world.run(world.store.workspaces.get_workspace("library")).active is None
    with pytest.raises(BundleRevokedError):
        world.activate(1)
    assert world.run(world.store.activations.activate_automatically("library", 1, now=world.now)) is None
    assert world.activate(2) > 2
    found = world.run(world.store.revocations.find_revocation("library", first.digest))
    assert found == revoked == world.run(world.store.revocations.list_revocations("library")).items[0]


def test_only_what_a_workspace_had_can_be_revoked(world: StoreUnderTest) -> None:
    world.add_workspace()
    with pytest.raises(BundleMissingError):
        world.run(
            world.store.revocations.revoke_bundle(
                "library", compute_digest(b"x"), actor="ann", reason="", now=world.now
            )
        )


def test_a_deleted_workspace_takes_all_its_own_with_it(world: StoreUnderTest) -> None:
    world.add_workspace()
    world.add_workspace("archive")
    world.publish("a")
    kept = world.publish("a", "archive")
    world.activate(1)
    world.run(world.store.workspaces.delete_workspace("library", actor="ann", now=world.now))
    assert world.run(world.store.workspaces.find_workspace("library")) is None
    world.add_workspace()
    assert world.run(world.store.revisions.find_latest("library")) is None
    assert world.run(world.store.revisions.find_latest("archive")) == kept
