"""View of workspaces (K-07)."""

from yoi_wire.backend.workspaces import GitSource, SourceView, WorkspaceView
from yoi_workspace_server.workspaces import Workspace


def build_workspace_view(workspace: Workspace) -> WorkspaceView:
    source = workspace.source
    return WorkspaceView(
        id=workspace.id,
        title=workspace.title,
        visibility=workspace.visibility,
        source=SourceView(
            kind=str(source.__struct_config__.tag), ref=source.ref if isinstance(source, GitSource) else ""
        ),
        automatic=workspace.automatic,
        held=workspace.held,
        active=workspace.active,
        created_at=workspace.created_at,
    )
