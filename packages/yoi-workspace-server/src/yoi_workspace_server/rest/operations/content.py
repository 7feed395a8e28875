"""What a workspace has been, is and is to be: builds, bundles, revisions, the pointer, revocations."""

from worker_runtime.rest.interface import OperationDocument
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_wire.paging import Page
from yoi_workspace_server.revisions import ActivationRequest, RevocationRequest, RollbackRequest
from yoi_workspace_server.views.builds import BuildView
from yoi_workspace_server.views.bundles import BundleView
from yoi_workspace_server.views.diffs import DiffView
from yoi_workspace_server.views.revisions import (
    ActivationView,
    PublicationView,
    RevisionView,
    RevocationView,
)
from yoi_workspace_server.views.workspaces import WorkspaceView

_LIST = ("cursor", "limit")
_WORKSPACE = "/api/v1/workspaces/{workspace}"

CONTENT_OPERATIONS: dict[tuple[str, str], OperationDocument] = {
    ("GET", f"{_WORKSPACE}/builds"): OperationDocument(
        summary="List how builds ended, latest first",
        scope="bundles:read",
        answer=Page[BuildView],
        query=_LIST,
        errors=(404,),
    ),
    ("POST", f"{_WORKSPACE}/builds"): OperationDocument(
        summary="Build now, and say how that ended",
        scope="bundles:publish",
        answer=BuildView,
        statuses=(201,),
        errors=(404,),
    ),
    ("POST", f"{_WORKSPACE}/bundles"): OperationDocument(
        summary="Publish a finished bundle, as an archive",
        scope="bundles:publish",
        answer=PublicationView,
        statuses=(200, 201),
        raw_body=BUNDLE_ARCHIVE_MEDIA_TYPE,
        errors=(404, 408, 409, 413, 422),
    ),
    ("GET", f"{_WORKSPACE}/bundles/{{digest}}"): OperationDocument(
        summary="What a bundle holds",
        scope="bundles:read",
        answer=BundleView,
        statuses=(200, 304),
        headers=("If-None-Match",),
        answer_headers=("ETag",),
        errors=(404,),
    ),
    ("GET", f"{_WORKSPACE}/bundles/{{digest}}/archive"): OperationDocument(
        summary="A bundle as an archive",
        scope="bundles:export",
        answer_media_type=BUNDLE_ARCHIVE_MEDIA_TYPE,
        statuses=(200, 304),
        headers=("If-None-Match",),
        answer_headers=("ETag",),
        errors=(404,),
    ),
    ("GET", f"{_WORKSPACE}/revisions"): OperationDocument(
        summary="List revisions, newest first",
        scope="bundles:read",
        answer=Page[RevisionView],
        query=_LIST,
        errors=(404,),
    ),
    ("GET", f"{_WORKSPACE}/diff"): OperationDocument(
        summary="What changed between two revisions, by meaning",
        scope="bundles:read",
        answer=DiffView,
        required_query=("from", "to"),
        errors=(404,),
    ),
    ("GET", f"{_WORKSPACE}/activations"): OperationDocument(
        summary="List who moved the pointer, latest first",
        scope="bundles:read",
        answer=Page[ActivationView],
        query=_LIST,
        errors=(404,),
    ),
    ("POST", f"{_WORKSPACE}/activations"): OperationDocument(
        summary="Make a revision the active one",
        scope="bundles:activate",
        answer=ActivationView,
        statuses=(201,),
        body=ActivationRequest,
        errors=(404,),
    ),
    ("POST", f"{_WORKSPACE}/rollback"): OperationDocument(
        summary="Go back to a revision, and hold automatic activation",
        scope="bundles:activate",
        answer=ActivationView,
        statuses=(201,),
        body=RollbackRequest,
        errors=(404,),
    ),
    ("POST", f"{_WORKSPACE}/release"): OperationDocument(
        summary="Let automatic activation go on",
        scope="bundles:activate",
        answer=WorkspaceView,
        errors=(404,),
    ),
    ("GET", f"{_WORKSPACE}/revocations"): OperationDocument(
        summary="List what is revoked, latest first",
        scope="bundles:read",
        answer=Page[RevocationView],
        query=_LIST,
        errors=(404,),
    ),
    ("POST", f"{_WORKSPACE}/revocations"): OperationDocument(
        summary="Revoke a digest: no new Worker uses it",
        scope="bundles:revoke",
        answer=RevocationView,
        statuses=(201,),
        body=RevocationRequest,
        errors=(404,),
    ),
}
