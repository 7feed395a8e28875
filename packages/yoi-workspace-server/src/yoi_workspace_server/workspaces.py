"""Workspaces as the Backend keeps them: where their content comes from, and which revision is active (K-01)."""

from msgspec import Struct

from yoi_bundle.identifiers import WorkspaceId
from yoi_wire.backend.placements import Visibility
from yoi_wire.backend.workspaces import ActiveBundle, Source
from yoi_workspace_server.placement import PlacedWorkspace


class Workspace(Struct, frozen=True, kw_only=True):
    """A workspace.

    Attributes:
        automatic: Whether each new revision is activated as it is recorded.
        held: A rollback holds automatic activation until somebody releases it.
        suspended: The database was restored from a backup, and nobody has yet said that what it says of this holds.
        generation: The durable counter of R-11; it only grows.
        active: None before the first activation, and after the active bundle was revoked.
        withheld_revision: The latest one, while it waits for somebody's word because it has no profile any more.
        created_at: RFC 3339, like every instant of this package.
    """

    id: WorkspaceId
    title: str
    visibility: Visibility
    source: Source
    automatic: bool
    held: bool
    suspended: bool
    generation: int
    active: ActiveBundle | None
    withheld_revision: int | None = None
    created_at: str

    @property
    def placed(self) -> PlacedWorkspace:
        """What placement looks at."""
        return PlacedWorkspace(id=self.id, visibility=self.visibility)
