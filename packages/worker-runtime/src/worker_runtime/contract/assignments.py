"""Assignment: which digest a workspace's new Workers should use (R-11)."""

from typing import Annotated

from msgspec import Meta, Struct

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.digest import Digest
from yoi_bundle.metadata import Revision

Generation = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]


class AssignmentRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the Backend wants assigned.

    Attributes:
        generation: The Backend's durable counter for this Runtime and workspace; it only grows, and fences old writers.
    """

    digest: Digest
    revision: Revision
    generation: Generation


class Assignment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A workspace's assignment.

    Attributes:
        digest: None when nothing is assigned; the generation of the withdrawal is kept.
        assigned_at: RFC 3339; when this generation was accepted, None before the first.
    """

    workspace: str
    generation: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)] = 0
    digest: Digest | None = None
    revision: Revision | None = None
    assigned_at: str | None = None
