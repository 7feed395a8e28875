"""Bundles of many prompts, for the figures about sync."""

from collections.abc import Iterable, Mapping

from worker_runtime.sync.bundle_sync import BundleSource, ReadBlob
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import AllTools, BuiltinTool, Descriptor, Manifest, Profile, Prompt, PromptUse
from yoi_bundle.metadata import BundleMetadata, Provenance


def build_source(
    workspace: str, prompts: Iterable[tuple[str, int]], read_blob: ReadBlob, *, revision: int = 1
) -> BundleSource:
    """Build a bundle whose prompts are given as (digest, size), and one profile that reads the first.

    Args:
        workspace: Who it belongs to.
        prompts: One for each prompt.
        read_blob: Gives their bytes when they travel.
        revision: For the metadata.
    """
    described = {
        f"p{number}": Prompt(content=_describe(digest, size)) for number, (digest, size) in enumerate(prompts)
    }
    manifest = encode_canonical(
        Manifest(
            schema_version=1,
            workspace=workspace,
            prompts=described,
            tools={"file.read": BuiltinTool()},
            profiles={
                "reader": Profile(tools=AllTools(), prompts=(PromptUse(prompt="p0"),), model_required=False)
            },
            default_profile="workspace:reader",
        )
    )
    metadata = BundleMetadata(
        workspace=workspace,
        digest=compute_digest(manifest),
        revision=revision,
        created_at="2026-01-31T12:00:00Z",
        provenance=Provenance(kind="directory", builder="bench", builder_version="1"),
    )
    return BundleSource(metadata=metadata, manifest=manifest, read_blob=read_blob)


def hold_texts(workspace: str, texts: Iterable[bytes], *, revision: int = 1) -> BundleSource:
    """Build a bundle of prompts that are held in memory."""
    blobs: Mapping[str, bytes] = {compute_digest(text): text for text in texts}

    async def read_blob(digest: str) -> bytes:
        return blobs[digest]

    sizes = [(digest, len(text)) for digest, text in blobs.items()]
    return build_source(workspace, sizes, read_blob, revision=revision)


def _describe(digest: str, size: int) -> Descriptor:
    return Descriptor(media_type="text/markdown", digest=digest, size=size)
