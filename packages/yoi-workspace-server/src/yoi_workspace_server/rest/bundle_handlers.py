"""Handlers of bundles: publish a finished one, see what one holds, take one away (K-01, B-13)."""

import asyncio

import msgspec
from starlette.responses import Response, StreamingResponse

from yoi_bundle.digest import compute_digest
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_bundle.verified import verify_manifest
from yoi_wire.backend.operations import GET_ARCHIVE, GET_BUNDLE, PUBLISH_BUNDLE
from yoi_wire.server.bodies import RawBody
from yoi_wire.server.responses import JSON, Answer, build_bytes_response, format_entity_tag, has_entity
from yoi_wire.server.router import handles
from yoi_workspace_server.publishing.downloads import stream_archive
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.views.bundles import build_bundle_view
from yoi_workspace_server.views.revisions import build_publication_view


@handles(PUBLISH_BUNDLE)
async def publish_bundle(call: BackendCall, workspace: str, body: RawBody) -> Answer:
    """Take an archive, and nothing of it before its sender has proved who it is."""
    principal = call.caller
    services = call.services
    with services.http.uploads.run(services.new_id()):
        recorded = await services.archives.publish(workspace, body.stream(), publisher=principal.name)
    return Answer(build_publication_view(recorded), 201 if recorded.created else 200)


@handles(GET_BUNDLE)
async def get_bundle(call: BackendCall, workspace: str, digest: str) -> Answer | Response:
    """Answer with what a bundle holds.

    The entity tag is of the answer, not of the bundle: a digest may be revoked, or come again as a later revision.
    """
    store = call.services.store
    revision = await store.revisions.get_by_digest(workspace, digest)
    stored = await store.bundles.get_manifest(workspace, digest)
    bundle = await asyncio.to_thread(verify_manifest, stored.manifest, digest)
    revocation = await store.revocations.find_revocation(workspace, digest)
    body = msgspec.json.encode(build_bundle_view(bundle, revision, revocation))
    tag = compute_digest(body)
    headers = {"ETag": format_entity_tag(tag), "Cache-Control": "private, no-cache"}
    if has_entity(call.request, tag):
        return Answer(status=304, headers=headers)
    return build_bytes_response(body, JSON, headers=headers)


@handles(GET_ARCHIVE)
async def get_archive(call: BackendCall, workspace: str, digest: str) -> Answer | StreamingResponse:
    """Answer with the whole bundle; its bytes follow from the digest, which is the entity tag."""
    bundles = call.services.store.bundles
    stored = await bundles.get_manifest(workspace, digest)
    headers = {"ETag": format_entity_tag(digest), "Cache-Control": "private, no-cache"}
    if has_entity(call.request, digest):
        return Answer(status=304, headers=headers)
    bundle = await asyncio.to_thread(verify_manifest, stored.manifest, digest)
    return StreamingResponse(
        stream_archive(bundles, workspace, stored.manifest, bundle),
        headers={**headers, "content-type": BUNDLE_ARCHIVE_MEDIA_TYPE},
    )
