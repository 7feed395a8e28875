"""Bundles over HTTP: list, read, put, send what is missing, delete (R-04, R-05)."""

from typing import Final

import msgspec
from litestar import Response, delete, get, head, post, put
from litestar.params import FromPath

from worker_runtime.contract.bundles import BundleEntry, ManifestEncoding, PutOutcome, StagedOutcome
from worker_runtime.rest.answers import (
    answer_json,
    answer_nothing,
    format_entity_tag,
    has_entity,
    read_limit,
    read_text,
    verify_query,
)
from worker_runtime.rest.bodies import read_encoding, stream_body, verify_media_type
from worker_runtime.rest.callers import authenticate
from worker_runtime.rest.problems import answer_error
from worker_runtime.rest.services import HttpRequest, get_services
from worker_runtime.sync.transfer.headers import (
    ENTRY_HEADER,
    LEASE_EXPIRES_HEADER,
    MANIFEST_MEDIA_TYPE,
    METADATA_HEADER,
    format_header_json,
)
from worker_runtime.sync.transfer.manifest_coding import read_manifest_body
from worker_runtime.sync.transfer.pack import PACK_MEDIA_TYPE, PackEncoding, decode_pack
from yoi_bundle.errors import BundleBlobsMissingError
from yoi_bundle.metadata import BundleMetadata, decode_metadata
from yoi_wire.errors import RequestInvalidError

_MANIFEST_ENCODINGS: Final[tuple[ManifestEncoding, ...]] = ("identity", "zstd", "dcz")
_PACK_ENCODINGS: Final[tuple[PackEncoding, ...]] = ("identity", "zstd")


@get("/v1/config-bundles")
async def list_bundles(request: HttpRequest) -> Response[bytes]:
    caller = await authenticate(request)
    verify_query(request, "workspace", "cursor", "limit")
    page = await get_services(request).runtime.list_bundles(
        caller,
        workspace=read_text(request, "workspace"),
        cursor=read_text(request, "cursor"),
        limit=read_limit(request),
    )
    return answer_json(page)


@get("/v1/config-bundles/{digest:str}")
async def get_bundle(request: HttpRequest, digest: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    runtime = get_services(request).runtime
    if has_entity(request, digest):
        entry = await runtime.head_bundle(caller, digest)
        if entry.state == "stored":
            return Response(b"", status_code=304, headers={"ETag": format_entity_tag(digest)})
    content = await runtime.get_bundle(caller, digest)
    return Response(
        content.manifest,
        status_code=200,
        media_type=MANIFEST_MEDIA_TYPE,
        headers={
            "ETag": format_entity_tag(digest),
            METADATA_HEADER: format_header_json(content.metadata),
        },
    )


@head("/v1/config-bundles/{digest:str}")
async def head_bundle(request: HttpRequest, digest: FromPath[str]) -> Response[None]:
    caller = await authenticate(request)
    entry = await get_services(request).runtime.head_bundle(caller, digest)
    return Response(
        None,
        status_code=200,
        media_type=MANIFEST_MEDIA_TYPE,
        headers={
            "ETag": format_entity_tag(digest),
            METADATA_HEADER: format_header_json(entry.metadata),
            ENTRY_HEADER: _format_entry(entry),
        },
    )


@delete("/v1/config-bundles/{digest:str}", status_code=204)
async def delete_bundle(request: HttpRequest, digest: FromPath[str]) -> Response[None]:
    caller = await authenticate(request)
    await get_services(request).runtime.delete_bundle(caller, digest)
    return answer_nothing()


@get("/v1/config-bundles/{digest:str}/status")
async def get_bundle_status(request: HttpRequest, digest: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    return answer_json(await get_services(request).runtime.get_bundle_status(caller, digest))


@put("/v1/config-bundles/{digest:str}")
async def put_bundle(request: HttpRequest, digest: FromPath[str]) -> Response[bytes]:
    """Take a manifest, and nothing of it before its sender has proved who it is."""
    caller = await authenticate(request)
    services = get_services(request)
    verify_media_type(request, MANIFEST_MEDIA_TYPE)
    encoding = read_encoding(request, _MANIFEST_ENCODINGS)
    metadata = _read_metadata(request)
    with services.buffered.hold() as held:
        body = await read_manifest_body(held.count(stream_body(request)), encoding, limits=services.limits)
        outcome = await services.runtime.put_bundle(caller, digest, metadata, body)
        if isinstance(outcome, StagedOutcome) and await services.uploads.wait_for_end(outcome.lease.id):
            outcome = await services.runtime.put_bundle(caller, digest, metadata, body)
    return _answer_outcome(request, outcome)


@post("/v1/leases/{lease:str}/pack")
async def put_pack(request: HttpRequest, lease: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    services = get_services(request)
    verify_media_type(request, PACK_MEDIA_TYPE)
    encoding = read_encoding(request, _PACK_ENCODINGS)
    pack = decode_pack(stream_body(request), encoding, limits=services.limits)
    with services.uploads.run(lease):
        outcome = await services.runtime.put_pack(caller, lease, pack)
    return _answer_outcome(request, outcome)


def _answer_outcome(request: HttpRequest, outcome: PutOutcome) -> Response[bytes]:
    """What is staged is answered as the problem that it is to a client that takes 2xx for done."""
    if isinstance(outcome, StagedOutcome):
        response = answer_error(
            request, BundleBlobsMissingError(outcome.digest, outcome.lease.id, outcome.missing)
        )
        response.headers[LEASE_EXPIRES_HEADER] = outcome.lease.expires_at
        return response
    return answer_json(outcome, 201 if outcome.created and request.method == "PUT" else 200)


def _read_metadata(request: HttpRequest) -> BundleMetadata:
    text = request.headers.get(METADATA_HEADER.lower())
    if text is None or not text.isascii():
        raise RequestInvalidError("one line of ASCII JSON", field=METADATA_HEADER)
    return decode_metadata(text.encode("ascii"))


def _format_entry(entry: BundleEntry) -> str:
    facts = msgspec.to_builtins(entry)
    del facts["metadata"]
    return format_header_json(facts)


BUNDLE_ROUTES = (
    list_bundles,
    get_bundle,
    head_bundle,
    delete_bundle,
    get_bundle_status,
    put_bundle,
    put_pack,
)
