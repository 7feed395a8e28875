"""What all items of a manifest have in common: a title, where they came from, the features they need."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.digest import Digest
from yoi_bundle.identifiers import Feature, ResourcePath
from yoi_bundle.manifest.canonical_struct import CanonicalStruct
from yoi_bundle.manifest.capabilities import Member
from yoi_bundle.media_types import MediaType

Dialect: TypeAlias = Literal[
    "yoi", "claude", "copilot", "agent-skills", "agent-plugins", "agents-md", "mcp", "builtin"
]
Title: TypeAlias = Annotated[str, Meta(max_length=1024)]
Description: TypeAlias = Annotated[str, Meta(max_length=65_536)]


class Descriptor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A blob's address (B-05).

    Attributes:
        size: Length in bytes.
    """

    media_type: MediaType
    digest: Digest
    size: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]


class Origin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file an item was read from, relative to the workspace, and whose format it was written in."""

    path: ResourcePath
    dialect: Dialect


class Item(CanonicalStruct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Fields that every item has.

    Attributes:
        title: Free text in any script; the id is the key under which the item stands.
        features: What a reader must know beyond this schema to use the item (B-06).
    """

    title: Title = ""
    description: Description = ""
    origin: Origin | None = None
    features: dict[Feature, Member] = {}
