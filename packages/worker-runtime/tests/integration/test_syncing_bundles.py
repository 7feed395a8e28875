"""A sync costs no more requests and bytes than it has to, and goes on after a cut (R-04, P-02, P-03)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.bundles.small_bundles import SmallBundle, build_many_prompts, build_small_bundle
from support.hostile.counting_proxy import CountingProxy
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller, store_bundle
from worker_runtime.embedded.operations.pack_intake import BATCH_BLOBS
from worker_runtime.sync.bundle_sync import BundleSource, SyncReport, sync_bundle
from yoi_bundle.digest import compute_digest
from yoi_wire.errors import AssignmentStaleError, RuntimeUnavailableError

_CALLER = build_caller(kind="remote", scopes=frozenset({"bundles:read", "bundles:write"}))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    under_test = RestUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.fixture
def proxy(server: RestUnderTest) -> Iterator[CountingProxy]:
    """A way to the server on which bytes are counted."""
    made = CountingProxy(server.socket.with_name("proxy.sock"), server.socket)
    server.run(made.start())
    yield made
    server.run(made.stop())


def _sync(server: RestUnderTest, proxy: CountingProxy, bundle: SmallBundle, **options: Any) -> SyncReport:
    async def read_blob(digest: str) -> bytes:
        return bundle.blobs[digest]

    source = BundleSource(metadata=bundle.metadata, manifest=bundle.manifest, read_blob=read_blob)

    async def run() -> SyncReport:
        client = server.open_client(proxy.listen)
        try:
            return await sync_bundle(client, _CALLER, source, **options)
        finally:
            await client.close()

    report: SyncReport = server.run(run())
    return report


@pytest.mark.req("R-04", "R-11")
def test_a_cold_sync_is_three_requests_and_assigns(server: RestUnderTest, proxy: CountingProxy) -> None:
    bundle = build_small_bundle(prompts=build_many_prompts(30))
    report = _sync(server, proxy, bundle, generation=1)
    assert report.requests == 3
    assert set(report.sent_blobs) == set(bundle.blobs)
    assert report.assignment.digest == bundle.digest


@pytest.mark.req("R-04", "P-02")
def test_nothing_to_do_is_one_request_of_less_than_a_kibibyte_each_way(
    server: RestUnderTest, proxy: CountingProxy
) -> None:
    bundle = build_small_bundle(prompts=build_many_prompts(30))
    _sync(server, proxy, bundle, generation=1)
    proxy.sent = proxy.received = 0
    report = _sync(server, proxy, bundle, generation=1, likely_held=True)
    assert (report.requests, report.sent_blobs) == (1, ())
    assert 0 < proxy.sent <= 1024
    assert 0 < proxy.received <= 1024


@pytest.mark.req("R-04", "P-03")
def test_an_edit_is_three_requests_and_little_more_than_the_prompt(
    server: RestUnderTest, proxy: CountingProxy
) -> None:
    prompts = build_many_prompts(5000)
    before = build_small_bundle(prompts=prompts)
    _sync(server, proxy, before, generation=1)
    text = b"".join(b"Line %d of a prompt.\n" % number for number in range(190))[:4096]
    after = build_small_bundle(prompts={**prompts, "p700": text}, revision=2)
    proxy.sent = proxy.received = 0
    report = _sync(server, proxy, after, generation=2, base=before.manifest)
    assert report.requests == 3
    assert report.sent_blobs == (compute_digest(text),)
    assert proxy.sent + proxy.received <= 16 * 1024


@pytest.mark.req("R-04")
def test_a_base_that_is_not_held_costs_one_request_more(server: RestUnderTest, proxy: CountingProxy) -> None:
    never_sent = build_small_bundle(prompts={"p": b"never sent\n"})
    report = _sync(server, proxy, build_small_bundle(), generation=1, base=never_sent.manifest)
    assert report.requests == 4


@pytest.mark.req("R-04")
def test_what_is_thought_to_be_held_and_is_not_is_sent(server: RestUnderTest, proxy: CountingProxy) -> None:
    report = _sync(server, proxy, build_small_bundle(), generation=1, likely_held=True)
    assert report.requests == 4
    assert len(report.sent_blobs) == 1


@pytest.mark.req("R-04", "R-02")
def test_a_sync_that_was_cut_goes_on_with_what_was_not_verified(
    server: RestUnderTest, proxy: CountingProxy
) -> None:
    prompts = {f"p{n}": f"{n} ".encode() * 40_000 for n in range(12)}
    bundle = build_small_bundle(prompts=prompts)
    proxy.cut_after = 500_000
    with pytest.raises(RuntimeUnavailableError):
        _sync(server, proxy, bundle, generation=1)
    proxy.cut_after = None
    report = _sync(server, proxy, bundle, generation=1)
    assert 0 < len(report.sent_blobs) < len(bundle.blobs)
    assert server.run(server.api.get_bundle(build_caller(), bundle.digest)).manifest == bundle.manifest


@pytest.mark.req("R-04", "R-02")
def test_batches_that_came_whole_before_a_cut_are_kept(server: RestUnderTest, proxy: CountingProxy) -> None:
    bundle = build_small_bundle(prompts=build_many_prompts(1200))
    proxy.cut_after = 900_000
    with pytest.raises(RuntimeUnavailableError):
        _sync(server, proxy, bundle, generation=1)
    proxy.cut_after = None
    report = _sync(server, proxy, bundle, generation=1)
    assert 0 < len(report.sent_blobs) <= len(bundle.blobs) - 2 * BATCH_BLOBS


@pytest.mark.req("R-11")
def test_a_sync_that_comes_too_late_changes_nothing(server: RestUnderTest, proxy: CountingProxy) -> None:
    newer, older = build_small_bundle(), build_small_bundle(prompts={"p": b"older\n"})
    _sync(server, proxy, newer, generation=5)
    with pytest.raises(AssignmentStaleError):
        _sync(server, proxy, older, generation=4)
    assert server.run(server.api.get_assignment(_CALLER, "library")).digest == newer.digest


@pytest.mark.req("R-01", "R-04")
def test_the_same_sync_works_in_this_process(server: RestUnderTest) -> None:
    bundle = build_small_bundle(prompts=build_many_prompts(3))

    async def read_blob(digest: str) -> bytes:
        return bundle.blobs[digest]

    source = BundleSource(metadata=bundle.metadata, manifest=bundle.manifest, read_blob=read_blob)
    report = server.run(sync_bundle(server.embedded, _CALLER, source, generation=1))
    assert report.requests == 3
    store_bundle(server, _CALLER, bundle)
