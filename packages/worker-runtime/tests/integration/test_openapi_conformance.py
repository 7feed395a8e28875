"""What the OpenAPI document says is so: schemathesis asks a real server what the document says can be asked (R-01)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import build_small_bundle
from support.hostile.generated_requests import Findings, KnownValues, send_generated_requests
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller, create_worker, put_manifest, store_bundle
from worker_runtime.contract.bundles import StagedOutcome
from worker_runtime.contract.headers import MANIFEST_MEDIA_TYPE, PACK_MEDIA_TYPE, format_header_json
from worker_runtime.contract.operations import RUNTIME_OPERATIONS
from worker_runtime.contract.workers import PreviewRequest
from worker_runtime.rest.app import build_app
from worker_runtime.sync.transfer.pack import write_pack
from yoi_wire.server.server import HttpServer, ListenAddress
from yoi_wire.worker_requests import WorkerRequest

# What a request of the right form may get all the same, for what a schema cannot say.
SEMANTIC_REFUSALS: dict[str, tuple[int, ...]] = {
    # 2^53 written as 9007199254740992.0 and the like: an integer to JSON Schema, and none to canonical JSON.
    # A workspace that the token does not name.
    "GET /v1/assignments/{workspace}": (403,),
    "PUT /v1/assignments/{workspace}": (400, 403),
    "DELETE /v1/assignments/{workspace}": (400, 403),
    "GET /v1/config-bundles": (403,),
    "GET /v1/workers": (403,),
    "POST /v1/workers": (400, 403, 422),
    "POST /v1/workers:resolve": (400, 403, 422),
    # The body has to be what its coding says, to hash to the digest, and to be a manifest.
    "PUT /v1/config-bundles/{digest}": (400, 403, 413, 422),
    # The lease has to be in force, and the body a pack of what is missing.
    "POST /v1/leases/{lease}/pack": (400, 410, 422),
}

# No call waits for a word here.
NEVER_SUCCEED = {"POST /v1/workers/{worker}/approvals/{approval}"}

# Whether a selector that the bundle has is drawn together with its digest is left to chance; `_fill` asks these two well.
LEFT_TO_CHANCE = {"POST /v1/workers", "POST /v1/workers:resolve"}

EXAMPLES = 8


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    under_test = RestUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


def _fill(server: RestUnderTest) -> KnownValues:
    """Put a bundle, a Worker, and a lease under which something is missing."""
    caller = build_caller(kind="remote")
    held, staged = build_small_bundle(), build_small_bundle(prompts={"other": b"Be brief.\n"})
    store_bundle(server, caller, held)
    # One that was ended and deleted by a request answers no other, so there are several.
    workers = [create_worker(server, caller, held, key=f"w{number}").id for number in range(8)]
    asked = WorkerRequest(selector="default", bundle_digest=held.digest)
    preview = PreviewRequest(workspace="library", request=asked)
    (explanation,) = server.run(server.api.resolve_worker(caller, preview))
    assert not explanation.refused
    outcome = put_manifest(server, caller, staged)
    assert isinstance(outcome, StagedOutcome)
    pack = server.run(_join(write_pack(list(staged.blobs.items()))))
    return KnownValues(
        parameters={
            "path.digest": [held.digest, staged.digest],
            "path.blob": sorted(held.blobs),
            "path.worker": workers,
            "path.workspace": ["library"],
            "path.lease": [outcome.lease.id],
            "query.workspace": ["library"],
            "query.generation": ["7"],
            "header.Yoi-Bundle-Metadata": [format_header_json(held.metadata)],
            "body.workspace": ["library"],
            "body.digest": [held.digest],
            "body.request.bundle_digest": [held.digest],
            "body.request.selector": ["default"],
        },
        bodies={MANIFEST_MEDIA_TYPE: [held.manifest], PACK_MEDIA_TYPE: [pack]},
    )


async def _join(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def _run(server: RestUnderTest, known: KnownValues) -> Findings:
    tcp = HttpServer(build_app(server.services), ListenAddress(port=0))
    await tcp.start()
    try:
        return await asyncio.to_thread(
            send_generated_requests,
            tcp.listening.describe(),
            server.credentials.build_headers(build_caller(kind="remote")),
            known,
            semantic_refusals=SEMANTIC_REFUSALS,
            examples=EXAMPLES,
        )
    finally:
        await tcp.stop()


@pytest.mark.req("R-01", "R-09")
def test_every_operation_answers_as_its_document_says(
    server: RestUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR", logger="worker_runtime")
    findings = server.run(_run(server, _fill(server)))
    assert not findings.faults, "\n\n".join(sorted(findings.faults))
    assert [record for record in caplog.records if record.message == "fault"] == []
    # The document itself is what was read first.
    operations = {f"{method} {path}" for method, path in RUNTIME_OPERATIONS} - {"GET /openapi.json"}
    assert set(findings.statuses) == operations
    never = {name for name, seen in findings.statuses.items() if min(seen) >= 400}
    assert never <= NEVER_SUCCEED | LEFT_TO_CHANCE
