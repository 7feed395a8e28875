"""Handlers of the Runtime's announcement, of bundles and of assignments (R-04, R-05, R-08, R-11)."""

from typing import cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.bundles import (
    BundleEntry,
    BundleStatus,
    ManifestEncoding,
    PutOutcome,
    StagedOutcome,
)
from worker_runtime.contract.headers import (
    ENTRY_HEADER,
    LEASE_EXPIRES_HEADER,
    MANIFEST_MEDIA_TYPE,
    METADATA_HEADER,
    format_header_json,
)
from worker_runtime.contract.operations import (
    DELETE_ASSIGNMENT,
    DELETE_BUNDLE,
    GET_ASSIGNMENT,
    GET_BLOB,
    GET_BUNDLE,
    GET_BUNDLE_STATUS,
    GET_RUNTIME,
    HEAD_BUNDLE,
    LIST_BUNDLES,
    PUT_ASSIGNMENT,
    PUT_BUNDLE,
    PUT_PACK,
)
from worker_runtime.contract.runtime_info import RuntimeInfo
from worker_runtime.rest.services import RuntimeCall
from worker_runtime.sync.transfer.manifest_coding import read_manifest_body
from worker_runtime.sync.transfer.pack import PackEncoding, decode_pack
from yoi_bundle.errors import BundleBlobsMissingError
from yoi_bundle.metadata import BundleMetadata, decode_metadata
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_wire.server.bodies import RawBody
from yoi_wire.server.responses import (
    Answer,
    build_bytes_response,
    build_problem_response,
    format_entity_tag,
    has_entity,
)
from yoi_wire.server.router import handles


@handles(LIST_BUNDLES)
async def list_bundles(
    call: RuntimeCall, workspace: str | None, cursor: str | None, limit: int
) -> Page[BundleEntry]:
    return await call.services.runtime.list_bundles(
        call.caller, workspace=workspace, cursor=cursor, limit=limit
    )


@handles(GET_BUNDLE)
async def get_bundle(call: RuntimeCall, digest: str) -> Answer:
    runtime = call.services.runtime
    tag = {"ETag": format_entity_tag(digest)}
    if has_entity(call.request, digest):
        entry = await runtime.head_bundle(call.caller, digest)
        if entry.state == "stored":
            return Answer(status=304, headers=tag)
    content = await runtime.get_bundle(call.caller, digest)
    return Answer(content.manifest, headers={**tag, METADATA_HEADER: format_header_json(content.metadata)})


@handles(HEAD_BUNDLE)
async def head_bundle(call: RuntimeCall, digest: str) -> Response:
    entry = await call.services.runtime.head_bundle(call.caller, digest)
    headers = {
        "ETag": format_entity_tag(digest),
        METADATA_HEADER: format_header_json(entry.metadata),
        ENTRY_HEADER: _format_entry(entry),
    }
    return build_bytes_response(b"", MANIFEST_MEDIA_TYPE, headers=headers)


@handles(DELETE_BUNDLE)
async def delete_bundle(call: RuntimeCall, digest: str) -> None:
    await call.services.runtime.delete_bundle(call.caller, digest)


@handles(GET_BUNDLE_STATUS)
async def get_bundle_status(call: RuntimeCall, digest: str) -> BundleStatus:
    return await call.services.runtime.get_bundle_status(call.caller, digest)


@handles(GET_BLOB)
async def get_blob(call: RuntimeCall, digest: str, blob: str) -> Answer:
    """Give a blob's bytes, which its digest names for ever; they are read either way, for damage shows only then."""
    content = await call.services.runtime.get_blob(call.caller, digest, blob)
    tag = {"ETag": format_entity_tag(blob)}
    return Answer(status=304, headers=tag) if has_entity(call.request, blob) else Answer(content, headers=tag)


@handles(PUT_BUNDLE)
async def put_bundle(call: RuntimeCall, digest: str, body: RawBody) -> Answer | Response:
    """Take a manifest, and nothing of it before its sender has proved who it is."""
    services = call.services
    metadata = _read_metadata(call.request)
    encoding = cast(ManifestEncoding, body.encoding)
    with services.http.buffered.hold() as held:
        manifest = await read_manifest_body(held.count(body.stream()), encoding, limits=services.limits)
        outcome = await services.runtime.put_bundle(call.caller, digest, metadata, manifest)
        if isinstance(outcome, StagedOutcome) and await services.http.uploads.wait_for_end(outcome.lease.id):
            outcome = await services.runtime.put_bundle(call.caller, digest, metadata, manifest)
    return _answer_outcome(call, outcome)


@handles(PUT_PACK)
async def put_pack(call: RuntimeCall, lease: str, body: RawBody) -> Answer | Response:
    services = call.services
    pack = decode_pack(body.stream(), cast(PackEncoding, body.encoding), limits=services.limits)
    with services.http.uploads.run(lease):
        outcome = await services.runtime.put_pack(call.caller, lease, pack)
    return _answer_outcome(call, outcome)


def _answer_outcome(call: RuntimeCall, outcome: PutOutcome) -> Answer | Response:
    """What is staged is answered as the problem that it is to a client that takes 2xx for done."""
    if isinstance(outcome, StagedOutcome):
        missing = BundleBlobsMissingError(outcome.digest, outcome.lease.id, outcome.missing)
        response = build_problem_response(call.request, missing, call.services.http.log)
        response.headers[LEASE_EXPIRES_HEADER] = outcome.lease.expires_at
        return response
    return Answer(outcome, 201 if outcome.created and call.operation is PUT_BUNDLE else 200)


def _read_metadata(request: Request) -> BundleMetadata:
    text = request.headers.get(METADATA_HEADER.lower())
    if text is None or not text.isascii():
        raise RequestInvalidError("one line of ASCII JSON", field=METADATA_HEADER)
    return decode_metadata(text.encode("ascii"))


def _format_entry(entry: BundleEntry) -> str:
    facts = msgspec.to_builtins(entry)
    del facts["metadata"]
    return format_header_json(facts)


@handles(GET_ASSIGNMENT)
async def get_assignment(call: RuntimeCall, workspace: str) -> Assignment:
    return await call.services.runtime.get_assignment(call.caller, workspace)


@handles(PUT_ASSIGNMENT)
async def put_assignment(call: RuntimeCall, workspace: str, body: AssignmentRequest) -> Assignment:
    return await call.services.runtime.put_assignment(call.caller, workspace, body)


@handles(DELETE_ASSIGNMENT)
async def delete_assignment(call: RuntimeCall, workspace: str, generation: int) -> Assignment:
    """Withdraw an assignment; the answer is what stands now."""
    return await call.services.runtime.delete_assignment(call.caller, workspace, generation)


@handles(GET_RUNTIME)
async def get_runtime(call: RuntimeCall) -> RuntimeInfo:
    return await call.services.runtime.get_runtime(call.caller)
