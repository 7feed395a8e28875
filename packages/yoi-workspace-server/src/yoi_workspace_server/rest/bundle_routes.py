"""Bundles over HTTP: publish a finished one, see what one holds, take one away (K-01, B-13)."""

import asyncio

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from worker_runtime.rest.answers import JSON, answer_json, format_entity_tag, has_entity, verify_query
from worker_runtime.rest.bodies import read_encoding, stream_body, verify_media_type
from worker_runtime.rest.services import HttpRequest
from yoi_bundle.digest import compute_digest
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_bundle.verified import verify_manifest
from yoi_workspace_server.publishing.downloads import stream_archive
from yoi_workspace_server.rest.principals import authorize_on
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.views.bundles import build_bundle_view
from yoi_workspace_server.views.revisions import build_publication_view


@post("/api/v1/workspaces/{workspace:str}/bundles")
async def publish_bundle(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    """Take an archive, and nothing of it before its sender has proved who it is."""
    principal = await authorize_on(request, "bundles:publish", workspace)
    verify_query(request)
    verify_media_type(request, BUNDLE_ARCHIVE_MEDIA_TYPE)
    read_encoding(request, ("identity",))
    services = get_backend(request)
    with services.uploads.run(services.new_id()):
        recorded = await services.archives.publish(workspace, stream_body(request), publisher=principal.name)
    return answer_json(build_publication_view(recorded), 201 if recorded.created else 200)


@get("/api/v1/workspaces/{workspace:str}/bundles/{digest:str}")
async def get_bundle(
    request: HttpRequest, workspace: FromPath[str], digest: FromPath[str]
) -> Response[bytes]:
    """Answer with what a bundle holds.

    The entity tag is of the answer, not of the bundle: a digest may be revoked, or come again as a later revision.
    """
    await authorize_on(request, "bundles:read", workspace)
    verify_query(request)
    store = get_backend(request).store
    revision = await store.revisions.get_by_digest(workspace, digest)
    stored = await store.bundles.get_manifest(workspace, digest)
    bundle = await asyncio.to_thread(verify_manifest, stored.manifest, digest)
    revocation = await store.revocations.find_revocation(workspace, digest)
    body = msgspec.json.encode(build_bundle_view(bundle, revision, revocation))
    tag = compute_digest(body)
    headers = {"ETag": format_entity_tag(tag), "Cache-Control": "private, no-cache"}
    if has_entity(request, tag):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, status_code=200, media_type=JSON, headers=headers)


@get("/api/v1/workspaces/{workspace:str}/bundles/{digest:str}/archive")
async def get_archive(
    request: HttpRequest, workspace: FromPath[str], digest: FromPath[str]
) -> Response[bytes] | Stream:
    """Answer with the whole bundle; its bytes follow from the digest, which is the entity tag."""
    await authorize_on(request, "bundles:export", workspace)
    verify_query(request)
    bundles = get_backend(request).store.bundles
    stored = await bundles.get_manifest(workspace, digest)
    headers = {"ETag": format_entity_tag(digest), "Cache-Control": "private, no-cache"}
    if has_entity(request, digest):
        return Response(b"", status_code=304, headers=headers)
    bundle = await asyncio.to_thread(verify_manifest, stored.manifest, digest)
    return Stream(
        stream_archive(bundles, workspace, stored.manifest, bundle),
        media_type=BUNDLE_ARCHIVE_MEDIA_TYPE,
        headers=headers,
    )


BUNDLE_ROUTES = (publish_bundle, get_bundle, get_archive)
