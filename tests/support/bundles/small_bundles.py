"""Small bundles, built by hand from the manifest's own types."""

from collections.abc import Mapping

from msgspec import Struct

from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import (
    AllTools,
    BuiltinTool,
    Descriptor,
    Grants,
    HttpTool,
    Manifest,
    MountGrant,
    Profile,
    Prompt,
    PromptUse,
)
from yoi_bundle.metadata import BundleMetadata, Provenance


class SmallBundle(Struct, frozen=True, kw_only=True):
    """A built bundle: its bytes, its metadata, its blobs by digest."""

    digest: str
    manifest: bytes
    metadata: BundleMetadata
    blobs: dict[str, bytes]


def build_small_bundle(
    workspace: str = "library",
    *,
    prompts: Mapping[str, bytes] | None = None,
    schemas: Mapping[str, bytes] | None = None,
    revision: int = 1,
) -> SmallBundle:
    """Build a bundle of one profile, `reviewer`, that reads every prompt.

    Args:
        workspace: Who it belongs to.
        prompts: Id → text; one prompt by default.
        schemas: Id of an HTTP tool → its input schema, free JSON.
        revision: For the metadata.
    """
    texts = dict(prompts if prompts is not None else {"greeting": b"Be kind.\n"})
    schemas = dict(schemas or {})
    manifest = Manifest(
        schema_version=1,
        workspace=workspace,
        prompts={
            name: Prompt(content=_describe("text/markdown", text)) for name, text in sorted(texts.items())
        },
        tools={
            "file.read": BuiltinTool(),
            **{
                f"http:{name}": HttpTool(
                    url="https://api.example.com/search",
                    input_schema=_describe("application/json", schema),
                )
                for name, schema in schemas.items()
            },
        },
        grants=Grants(mounts={"workspace": MountGrant()}),
        profiles={
            "reviewer": Profile(
                tools=AllTools(),
                prompts=tuple(PromptUse(prompt=name) for name in sorted(texts)),
                model_required=False,
            )
        },
        default_profile="workspace:reviewer",
    )
    data = encode_canonical(manifest)
    digest = compute_digest(data)
    return SmallBundle(
        digest=digest,
        manifest=data,
        metadata=build_metadata(workspace, digest, revision=revision),
        blobs={compute_digest(blob): blob for blob in [*texts.values(), *schemas.values()]},
    )


def build_empty_bundle(workspace: str = "library") -> SmallBundle:
    """Build a bundle without any profile."""
    manifest = encode_canonical(Manifest(schema_version=1, workspace=workspace))
    digest = compute_digest(manifest)
    return SmallBundle(digest=digest, manifest=manifest, metadata=build_metadata(workspace, digest), blobs={})


def build_metadata(workspace: str, digest: str, *, revision: int = 1) -> BundleMetadata:
    return BundleMetadata(
        workspace=workspace,
        digest=digest,
        revision=revision,
        created_at="2026-01-31T12:00:00Z",
        provenance=Provenance(kind="directory", builder="yoi", builder_version="0.1.0"),
    )


def build_many_prompts(count: int, *, seed: str = "") -> dict[str, bytes]:
    """Return `count` prompts of about 40 bytes, different for each seed."""
    return {f"p{number}": f"Prompt {number} of {seed or 'many'}.\n".encode() for number in range(count)}


def _describe(media_type: str, data: bytes) -> Descriptor:
    return Descriptor(media_type=media_type, digest=compute_digest(data), size=len(data))  # type: ignore[arg-type]
