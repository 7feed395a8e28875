"""Plugins: packages whose code a host may run once it has granted their id at a version and digest (S-06)."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.digest import Digest
from yoi_bundle.identifiers import Permission, ResourcePath, SurfaceName
from yoi_bundle.manifest.capabilities import Ask
from yoi_bundle.manifest.item import Description, Descriptor, Item

SurfaceType: TypeAlias = Literal["tool", "service", "ingress"]
Version: TypeAlias = Annotated[str, Meta(max_length=64)]


class PackageBlob(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="blob"
):
    """A package that travels with the bundle: one deterministic tar of the plugin's directory."""

    content: Descriptor


class PackageReference(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="reference"
):
    """A package that the host must already hold in its package directory; it is never downloaded."""

    digest: Digest


class Surface(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One thing a plugin offers: a tool for the model, a service beside the Worker, or an ingress into it.

    Attributes:
        entry: The file of the package that is run.
        input_schema: For a tool, the JSON Schema of its arguments.
    """

    type: SurfaceType
    entry: ResourcePath
    description: Description = ""
    input_schema: Descriptor | None = None


class Plugin(Item, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A plugin's descriptor.

    Attributes:
        package: Its files; absent when it brings instructions only and so nothing that executes.
        permissions: What its code asks of the host.
        config: Free JSON for its code, as a blob.
    """

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    version: Version = ""
    package: PackageBlob | PackageReference | None = None
    surfaces: dict[SurfaceName, Surface] = {}
    permissions: dict[Permission, Ask] = {}
    config: Descriptor | None = None
