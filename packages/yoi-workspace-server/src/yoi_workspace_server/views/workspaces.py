"""View of workspaces (K-07)."""

from msgspec import Struct

from yoi_workspace_server.workspaces import ActiveBundle, GitSource, Workspace


class SourceView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where content comes from; neither a path nor an address.

    Attributes:
        ref: Of a repository.
    """

    kind: str
    ref: str = ""


class WorkspaceView(Struct, frozen=True, kw_only=True):
    """A workspace; see `yoi_workspace_server.workspaces.Workspace`."""

    id: str
    title: str
    visibility: str
    source: SourceView
    automatic: bool
    held: bool
    active: ActiveBundle | None
    created_at: str


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
