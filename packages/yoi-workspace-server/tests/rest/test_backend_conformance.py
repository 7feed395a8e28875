"""What the Backend's OpenAPI document says is so: schemathesis asks what the document says can be asked (K-09)."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backend.backend_rest import BackendRest, archive_bundle
from support.bundles.small_bundles import build_small_bundle
from support.hostile.generated_requests import Findings, KnownValues, send_generated_requests
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_wire.backend.operations import BACKEND_OPERATIONS
from yoi_wire.server.server import HttpServer, ListenAddress
from yoi_workspace_server.rest.app import build_app

EXCLUDED = (
    "GET /api/v1/events",  # it does not end
    "DELETE /api/v1/workspaces/{workspace}",  # nothing would be left to ask for
    "DELETE /api/v1/tokens/{token}",  # it finds the very token that asks in a list
    # They dial, and answer what some Runtime answers.
    *(
        f"{method} {path}"
        for method, path in BACKEND_OPERATIONS
        if re.match(r"/api/v1/(runtimes|availability|placements|workers)", path)
    ),
)

_WORKSPACE = "/api/v1/workspaces/{workspace}"

# What a request of the right form may get all the same, for what a schema cannot say.
SEMANTIC_REFUSALS: dict[str, tuple[int, ...]] = {
    # A cursor is one that this list gave.
    **{
        f"GET {path}": (400,)
        for path in (
            "/api/v1/audit",
            f"{_WORKSPACE}/builds",
            f"{_WORKSPACE}/revisions",
            f"{_WORKSPACE}/activations",
            f"{_WORKSPACE}/revocations",
        )
    },
    # A source is one that this server may read.
    "POST /api/v1/workspaces": (400,),
    f"PATCH {_WORKSPACE}": (400,),
    # The body has to be an archive of this workspace's.
    f"POST {_WORKSPACE}/bundles": (400, 413, 422),
    # The revision has to be there, and not revoked.
    f"GET {_WORKSPACE}/diff": (400,),
    f"POST {_WORKSPACE}/activations": (400, 403),
    f"POST {_WORKSPACE}/rollback": (400, 403),
    # No token is named as the Backend is, or outlasts its maker's.
    "POST /api/v1/tokens": (400, 403),
    # The records have to be there, and be those that were exported.
    "POST /api/v1/audit/prune": (400,),
}

EXAMPLES = 4


@pytest.fixture
def served(tmp_path: Path) -> Iterator[BackendRest]:
    under_test = BackendRest(tmp_path / "data")
    yield under_test
    under_test.close()


async def _run(backend: BackendRest, known: KnownValues) -> Findings:
    tcp = HttpServer(build_app(backend.services), ListenAddress(port=0))
    await tcp.start()
    try:
        return await asyncio.to_thread(
            send_generated_requests,
            tcp.listening.describe(),
            {"Authorization": f"Bearer {backend.admin}"},
            known,
            semantic_refusals=SEMANTIC_REFUSALS,
            examples=EXAMPLES,
            excluded=EXCLUDED,
        )
    finally:
        await tcp.stop()


@pytest.mark.req("K-09")
def test_every_operation_of_the_backend_answers_as_its_document_says(
    served: BackendRest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR", logger="yoi_workspace_server")
    served.add_workspace()
    published = [served.publish(text) for text in ("Be kind.", "Be brief.")]
    known = KnownValues(
        parameters={
            "path.workspace": ["library"],
            "path.digest": [one.digest for one in published],
            "query.workspace": ["library"],
            "query.from": ["1"],
            "query.to": ["2"],
            "body.digest": [published[0].digest],
            "body.name": ["guest"],
        },
        bodies={BUNDLE_ARCHIVE_MEDIA_TYPE: [archive_bundle(build_small_bundle())]},
    )
    findings = served.run(_run(served, known))
    assert not findings.faults, "\n\n".join(sorted(findings.faults))
    assert [record for record in caplog.records if record.message == "fault"] == []
    asked = {f"{method} {path}" for method, path in BACKEND_OPERATIONS} - {"GET /openapi.json", *EXCLUDED}
    assert set(findings.statuses) == asked
