"""Handlers of workspaces: their sources, builds, bundles, revisions, activations and revocations (K-01, B-13)."""

import asyncio

import msgspec
from starlette.responses import Response, StreamingResponse

from yoi_bundle.digest import compute_digest
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_bundle.verified import verify_manifest
from yoi_wire.backend.builds import BuildView
from yoi_wire.backend.diffs import DiffView
from yoi_wire.backend.operations import (
    ACTIVATE,
    ADD_WORKSPACE,
    CHANGE_WORKSPACE,
    CREATE_BUILD,
    DELETE_WORKSPACE,
    GET_ARCHIVE,
    GET_BUNDLE,
    GET_DIFF,
    GET_WORKSPACE,
    LIST_ACTIVATIONS,
    LIST_BUILDS,
    LIST_REVISIONS,
    LIST_REVOCATIONS,
    LIST_WORKSPACES,
    PUBLISH_BUNDLE,
    RELEASE,
    REVOKE_BUNDLE,
    ROLL_BACK,
)
from yoi_wire.backend.revisions import (
    ActivationRequest,
    ActivationView,
    RevisionView,
    RevocationRequest,
    RevocationView,
    RollbackRequest,
)
from yoi_wire.backend.workspaces import NewWorkspace, WorkspaceChange, WorkspaceView
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_wire.server.bodies import RawBody
from yoi_wire.server.responses import JSON, Answer, build_bytes_response, format_entity_tag, has_entity
from yoi_wire.server.router import handles
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.publishing.archives import compare_revisions, stream_archive
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.revisions import Revision
from yoi_workspace_server.roles import verify_permission, verify_whole_backend
from yoi_workspace_server.views.revisions import (
    build_activation_view,
    build_build_view,
    build_bundle_view,
    build_diff_view,
    build_publication_view,
    build_revision_view,
    build_revocation_view,
    build_workspace_view,
)


@handles(LIST_WORKSPACES)
async def list_workspaces(call: BackendCall, cursor: str | None, limit: int) -> Page[WorkspaceView]:
    principal = call.caller
    page = await call.services.store.workspaces.list_workspaces(
        within=principal.workspaces, limit=limit, cursor=cursor
    )
    return page.map(build_workspace_view)


@handles(GET_WORKSPACE)
async def get_workspace(call: BackendCall, workspace: str) -> WorkspaceView:
    found = await call.services.store.workspaces.get_workspace(workspace)
    return build_workspace_view(found)


@handles(ADD_WORKSPACE)
async def add_workspace(call: BackendCall, body: NewWorkspace) -> WorkspaceView:
    principal = call.caller
    services = call.services
    services.sources.verify(body.source)
    now = services.clock.now()
    added = await services.store.workspaces.add_workspace(body, actor=principal.name, now=now)
    await services.store.placements.apply_policy(workspace=added.id, actor=principal.name, now=now)
    return build_workspace_view(added)


@handles(CHANGE_WORKSPACE)
async def change_workspace(call: BackendCall, workspace: str, body: WorkspaceChange) -> WorkspaceView:
    principal = call.caller
    services = call.services
    if body.source is not None:
        # With the server's own access, a source reads what belongs to other workspaces as well.
        verify_whole_backend(principal, "workspaces:write")
        services.sources.verify(body.source)
    now = services.clock.now()
    changed = await services.store.workspaces.change_workspace(workspace, body, actor=principal.name, now=now)
    await services.store.placements.apply_policy(workspace=workspace, actor=principal.name, now=now)
    return build_workspace_view(changed)


@handles(DELETE_WORKSPACE)
async def delete_workspace(call: BackendCall, workspace: str) -> None:
    principal = call.caller
    services = call.services
    await services.store.workspaces.delete_workspace(
        workspace, actor=principal.name, now=services.clock.now()
    )


@handles(LIST_ACTIVATIONS)
async def list_activations(
    call: BackendCall, workspace: str, cursor: str | None, limit: int
) -> Page[ActivationView]:
    page = await call.services.store.activations.list_activations(workspace, limit=limit, cursor=cursor)
    return page.map(build_activation_view)


@handles(ACTIVATE)
async def activate(call: BackendCall, workspace: str, body: ActivationRequest) -> ActivationView:
    principal = call.caller
    services = call.services
    activation = await services.store.activations.activate(
        workspace, body.revision, actor=principal.name, reason=body.reason, now=services.clock.now()
    )
    return build_activation_view(activation)


@handles(ROLL_BACK)
async def roll_back(call: BackendCall, workspace: str, body: RollbackRequest) -> ActivationView:
    """Activate an older revision, and hold automatic activation until it is released."""
    principal = call.caller
    services = call.services
    revision = body.revision or await _find_previous(call, workspace)
    activation = await services.store.activations.activate(
        workspace,
        revision,
        rollback=True,
        actor=principal.name,
        reason=body.reason,
        now=services.clock.now(),
    )
    return build_activation_view(activation)


@handles(RELEASE)
async def release(call: BackendCall, workspace: str) -> WorkspaceView:
    principal = call.caller
    services = call.services
    if (await services.store.workspaces.get_workspace(workspace)).suspended:
        verify_permission(principal, "workspaces:write")
    released = await services.store.workspaces.release_workspace(
        workspace, actor=principal.name, now=services.clock.now()
    )
    return build_workspace_view(released)


@handles(LIST_REVOCATIONS)
async def list_revocations(
    call: BackendCall, workspace: str, cursor: str | None, limit: int
) -> Page[RevocationView]:
    page = await call.services.store.revocations.list_revocations(workspace, limit=limit, cursor=cursor)
    return page.map(build_revocation_view)


@handles(REVOKE_BUNDLE)
async def revoke_bundle(call: BackendCall, workspace: str, body: RevocationRequest) -> RevocationView:
    principal = call.caller
    services = call.services
    revocation = await services.store.revocations.revoke_bundle(
        workspace, body.digest, actor=principal.name, reason=body.reason, now=services.clock.now()
    )
    return build_revocation_view(revocation)


async def _find_previous(call: BackendCall, workspace: str) -> int:
    found = await call.services.store.workspaces.get_workspace(workspace)
    if found.active is None or found.active.revision == 1:
        raise RequestInvalidError("there is no revision before the active one; name one", field="revision")
    return found.active.revision - 1


@handles(LIST_BUILDS)
async def list_builds(call: BackendCall, workspace: str, cursor: str | None, limit: int) -> Page[BuildView]:
    principal = call.caller
    page = await call.services.store.builds.list_builds(workspace, limit=limit, cursor=cursor)
    names = principal.may("secret_names:read")
    return page.map(lambda item: build_build_view(item, secret_names=names))


@handles(CREATE_BUILD)
async def create_build(call: BackendCall, workspace: str) -> BuildView:
    """Build now, and answer when it has ended; that it failed is said in the record, not by the status."""
    principal = call.caller
    record = await call.services.builder.build(workspace, actor=principal.name)
    names = principal.may("secret_names:read")
    return build_build_view(record, secret_names=names)


@handles(LIST_REVISIONS)
async def list_revisions(
    call: BackendCall, workspace: str, cursor: str | None, limit: int
) -> Page[RevisionView]:
    page = await call.services.store.revisions.list_revisions(workspace, limit=limit, cursor=cursor)
    return page.map(build_revision_view)


@handles(GET_DIFF)
async def get_diff(call: BackendCall, workspace: str, from_revision: int, to_revision: int) -> DiffView:
    principal = call.caller
    old = await _get_revision(call, workspace, from_revision, "from")
    new = await _get_revision(call, workspace, to_revision, "to")
    diff = await compare_revisions(call.services.store.bundles, old, new)
    return build_diff_view(
        diff,
        from_revision=old.revision,
        to_revision=new.revision,
        secret_names=principal.may("secret_names:read"),
    )


async def _get_revision(call: BackendCall, workspace: str, number: int, name: str) -> Revision:
    found = await call.services.store.revisions.find_revision(workspace, number)
    if found is None:
        raise RequestInvalidError("the workspace has no such revision", field=name)
    return found


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
    exported = AuditEntry(
        actor=call.caller.name, action="bundle.exported", workspace=workspace, subject=digest
    )
    # HEAD takes nothing of the bundle out, and a record would say that somebody has it.
    if call.request.method != "HEAD":
        await call.services.store.audit.append([exported], now=call.services.clock.now())
    return StreamingResponse(
        stream_archive(bundles, workspace, stored.manifest, bundle),
        headers={**headers, "content-type": BUNDLE_ARCHIVE_MEDIA_TYPE},
    )
