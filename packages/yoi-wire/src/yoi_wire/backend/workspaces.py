"""Workspaces and their sources: what the Backend takes, and what it shows (K-01)."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.identifiers import WorkspaceId
from yoi_wire.backend.placements import Visibility
from yoi_wire.private import PrivateText


class SourceView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where content comes from; neither a path nor an address.

    Attributes:
        ref: Of a repository.
    """

    kind: str
    ref: str = ""


_NO_CONTROL = r"^[^\x00-\x1f\x7f]*(?!\n)$"
Title: TypeAlias = Annotated[str, Meta(pattern=_NO_CONTROL, max_length=256)]
SourcePlace: TypeAlias = Annotated[PrivateText, Meta(pattern=_NO_CONTROL, max_length=4096)]
SourceWord: TypeAlias = Annotated[str, Meta(pattern=_NO_CONTROL, max_length=4096)]


class DirectorySource(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="directory"
):
    """A directory of the Backend's own host."""

    path: SourcePlace


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

    url: SourcePlace
    ref: SourceWord
    subdirectory: SourceWord = ""


class PublishedSource(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="published"
):
    """None that the Backend builds: finished bundles are published to it."""


Source: TypeAlias = DirectorySource | GitSource | PublishedSource


class NewWorkspace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace to add; see `Workspace`."""

    id: WorkspaceId
    source: Source
    title: Title = ""
    visibility: Visibility = "private"
    automatic: bool = True


class WorkspaceChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change in a workspace; None leaves a field as it is."""

    title: Title | None = None
    visibility: Visibility | None = None
    source: Source | None = None
    automatic: bool | None = None


class ActiveBundle(Struct, frozen=True, kw_only=True):
    """What new Workers of a workspace should use.

    Attributes:
        generation: Of the activation that chose it.
    """

    digest: str
    revision: int
    generation: int


class WorkspaceView(Struct, frozen=True, kw_only=True):
    """A workspace; see `yoi_workspace_server.workspaces.Workspace`.

    Attributes:
        suspended: Restored from a backup; nothing of it is sent, activated or given to Workers before it is released.
        withheld_revision: The latest one, while it waits to be activated by somebody because it has no profile any more.
    """

    id: str
    title: str
    visibility: str
    source: SourceView
    automatic: bool
    held: bool
    suspended: bool = False
    active: ActiveBundle | None
    created_at: str
    withheld_revision: int | None = None
