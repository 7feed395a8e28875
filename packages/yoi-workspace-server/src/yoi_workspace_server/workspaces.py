"""Workspaces as the Backend keeps them: where their content comes from, and which revision is active (K-01)."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.identifiers import WorkspaceId
from yoi_workspace_server.placement import PlacedWorkspace, Visibility
from yoi_workspace_server.private import PrivateText

Title: TypeAlias = Annotated[str, Meta(max_length=256)]


class DirectorySource(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="directory"
):
    """A directory of the Backend's own host."""

    path: PrivateText


class GitSource(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="git",
):
    """A git repository.

    Attributes:
        ref: The branch, tag or commit to build.
        subdirectory: Where in the repository the workspace lies; empty for its root.
    """

    url: PrivateText
    ref: str
    subdirectory: str = ""


class PublishedSource(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="published"
):
    """None that the Backend builds: finished bundles are published to it."""


Source: TypeAlias = DirectorySource | GitSource | PublishedSource


class ActiveBundle(Struct, frozen=True, kw_only=True):
    """What new Workers of a workspace should use.

    Attributes:
        generation: Of the activation that chose it.
    """

    digest: str
    revision: int
    generation: int


class Workspace(Struct, frozen=True, kw_only=True):
    """A workspace.

    Attributes:
        automatic: Whether each new revision is activated as it is recorded.
        held: A rollback holds automatic activation until somebody releases it.
        generation: The durable counter of R-11; it only grows.
        active: None before the first activation, and after the active bundle was revoked.
        created_at: RFC 3339, like every instant of this package.
    """

    id: WorkspaceId
    title: str
    visibility: Visibility
    source: Source
    automatic: bool
    held: bool
    generation: int
    active: ActiveBundle | None
    created_at: str

    @property
    def placed(self) -> PlacedWorkspace:
        """What placement looks at."""
        return PlacedWorkspace(id=self.id, visibility=self.visibility)


class NewWorkspace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace to add; see `Workspace`."""

    id: WorkspaceId
    source: Source
    title: str = ""
    visibility: Visibility = "private"
    automatic: bool = True


class WorkspaceChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change in a workspace; None leaves a field as it is."""

    title: str | None = None
    visibility: Visibility | None = None
    source: Source | None = None
    automatic: bool | None = None
