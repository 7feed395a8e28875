"""What many Runtimes are about to receive is read and encoded once."""

import asyncio
from typing import Any, cast

import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from yoi_wire.backend.errors import BackendUnavailableError
from yoi_wire.errors import BundleMissingError
from yoi_workspace_server.reconciler.bundle_cache import BundleCache, RecentRevisions
from yoi_workspace_server.revisions import Revision
from yoi_workspace_server.store.bundles import StoredManifest
from yoi_workspace_server.store.store import Store

_WORKSPACE = "library"
_MANY = 20


class _CountingStore:
    """Holds bundles, each the revision of its place, and writes down what is read."""

    def __init__(self, *bundles: SmallBundle) -> None:
        self.read: list[str] = []
        self.unavailable = False
        self._bundles = bundles

    @property
    def revisions(self) -> "_CountingStore":
        return self

    @property
    def bundles(self) -> "_CountingStore":
        return self

    async def find_revision(self, workspace: str, revision: int) -> Revision | None:
        await self._note("revision")
        if revision > len(self._bundles):
            return None
        return self._describe(revision)

    async def get_by_digest(self, workspace: str, digest: str) -> Revision:
        await self._note("digest")
        for place, bundle in enumerate(self._bundles, 1):
            if bundle.digest == digest:
                return self._describe(place)
        raise BundleMissingError(digest)

    async def get_manifest(self, workspace: str, digest: str) -> StoredManifest:
        await self._note("manifest")
        [bundle] = [one for one in self._bundles if one.digest == digest]
        return StoredManifest(digest=digest, manifest=bundle.manifest, size=0)

    async def get_blob(self, workspace: str, digest: str) -> bytes:
        await self._note("blob")
        return next(one.blobs[digest] for one in self._bundles if digest in one.blobs)

    async def _note(self, what: str) -> None:
        self.read.append(what)
        await asyncio.sleep(0)
        if self.unavailable:
            raise BackendUnavailableError("database_busy")

    def _describe(self, revision: int) -> Revision:
        bundle = self._bundles[revision - 1]
        return Revision(
            workspace=_WORKSPACE,
            revision=revision,
            digest=bundle.digest,
            metadata=bundle.metadata,
            recorded_at=bundle.metadata.created_at,
        )


def _build(text: str) -> SmallBundle:
    return build_small_bundle(_WORKSPACE, prompts={"greeting": text.encode()})


def _as_store(store: Any) -> Store:
    return cast(Store, store)


def test_many_runtimes_have_a_bundle_read_and_its_delta_made_once() -> None:
    before, after = _build("Be kind.\n"), _build("Be brief.\n")
    store = _CountingStore(before, after)

    async def play() -> None:
        cache = BundleCache(_as_store(store))

        async def sync() -> tuple[bytes, bytes]:
            source = await cache.get_source(_WORKSPACE, after.digest, 2)
            base = await cache.find_base(_WORKSPACE, before.digest)
            encode = cache.build_encoder(after.digest, before.digest)
            body = await encode(source.manifest, "dcz", base)
            assert source.metadata == after.metadata
            [blob] = after.blobs
            return body.content, await source.read_blob(blob)

        done = await asyncio.gather(*(sync() for _ in range(_MANY)))
        done.append(await sync())
        expected = encode_manifest(after.manifest, "dcz", base=before.manifest).content
        assert {content for content, _ in done} == {expected}
        assert {blob for _, blob in done} == set(after.blobs.values())
        assert len({id(content) for content, _ in done}) == 1, "it was made more than once"

    asyncio.run(play())
    assert sorted(store.read) == ["blob", "manifest", "manifest", "revision"]


def test_a_manifest_is_encoded_apart_for_each_base_and_encoding() -> None:
    one, two, after = _build("One.\n"), _build("Two.\n"), _build("Three.\n")

    async def play() -> None:
        cache = BundleCache(_as_store(_CountingStore(one, two, after)))
        for base in (one, two):
            encode = cache.build_encoder(after.digest, base.digest)
            body = await encode(after.manifest, "dcz", base.manifest)
            assert body == encode_manifest(after.manifest, "dcz", base=base.manifest)
            whole = await encode(after.manifest, "zstd", None)
            assert whole == encode_manifest(after.manifest, "zstd")
        assert (await encode(after.manifest, "identity", None)).content is after.manifest

    asyncio.run(play())


def test_metadata_is_read_again_after_a_while() -> None:
    bundle = _build("Be kind.\n")
    store = _CountingStore(bundle)

    async def play() -> None:
        revisions = RecentRevisions(_as_store(store), kept_seconds=0.0)
        for _ in range(2):
            assert await revisions.get_metadata(_WORKSPACE, bundle.digest, 1) == bundle.metadata

    asyncio.run(play())
    assert store.read == ["revision", "revision"]


def test_a_read_that_failed_is_tried_again_at_once() -> None:
    bundle = _build("Be kind.\n")
    store = _CountingStore(bundle)

    async def play() -> None:
        revisions = RecentRevisions(_as_store(store))
        store.unavailable = True
        with pytest.raises(BackendUnavailableError):
            await revisions.get_metadata(_WORKSPACE, bundle.digest, 1)
        store.unavailable = False
        assert await revisions.get_metadata(_WORKSPACE, bundle.digest, 1) == bundle.metadata
        with pytest.raises(BundleMissingError):
            await revisions.get_metadata(_WORKSPACE, _build("Never published.\n").digest, 7)

    asyncio.run(play())
