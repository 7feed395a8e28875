"""Every place of a manifest where a descriptor stands, and which media types it may have there (B-05, B-06)."""

from collections.abc import Iterator

from yoi_bundle.errors import Fault
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Descriptor, HttpTool, Manifest, PackageBlob, Plugin, WorkflowText
from yoi_bundle.media_types import FREE_JSON_MEDIA_TYPE, PLUGIN_PACKAGE_MEDIA_TYPE, TEXT_MEDIA_TYPES

_FREE_JSON = frozenset({FREE_JSON_MEDIA_TYPE})
_PACKAGES = frozenset({PLUGIN_PACKAGE_MEDIA_TYPE})
_FILES = TEXT_MEDIA_TYPES | {"application/octet-stream"}


def list_descriptors(manifest: Manifest) -> Iterator[tuple[str, Descriptor]]:
    """Yield every descriptor with the pointer at which it stands; one blob may come more than once."""
    return ((pointer, descriptor) for pointer, descriptor, _ in _list_places(manifest))


def list_free_json(manifest: Manifest) -> Iterator[tuple[str, Descriptor]]:
    """Yield those that stand where free JSON may, without a look at the texts, which are many."""
    return ((pointer, one) for pointer, one, allowed in _list_tool_places(manifest) if allowed is _FREE_JSON)


def find_media_type_faults(manifest: Manifest) -> list[Fault]:
    """Return the descriptors whose media type is not one of their place.

    What a blob is checked for goes by its media type; a schema that is called text would be checked as text only.
    """
    return [
        Fault(
            code="bundle.invalid",
            pointer=f"{pointer}/media_type",
            message="not the media type of what stands here",
            remedy=f"one of: {', '.join(sorted(allowed))}",
        )
        for pointer, descriptor, allowed in _list_places(manifest)
        if descriptor.media_type not in allowed
    ]


def _list_places(manifest: Manifest) -> Iterator[tuple[str, Descriptor, frozenset[str]]]:
    yield from _list_text_places(manifest)
    yield from _list_tool_places(manifest)


def _list_text_places(manifest: Manifest) -> Iterator[tuple[str, Descriptor, frozenset[str]]]:
    for name, prompt in manifest.prompts.items():
        yield join_pointer("/prompts", name) + "/content", prompt.content, TEXT_MEDIA_TYPES
    for name, workflow in manifest.workflows.items():
        if isinstance(workflow.body, WorkflowText):
            pointer = join_pointer("/workflows", name) + "/body/content"
            yield pointer, workflow.body.content, TEXT_MEDIA_TYPES
    for name, skill in manifest.skills.items():
        pointer = join_pointer("/skills", name) + "/files"
        for path, file in skill.files.items():
            yield join_pointer(pointer, path) + "/content", file.content, _FILES


def _list_tool_places(manifest: Manifest) -> Iterator[tuple[str, Descriptor, frozenset[str]]]:
    for name, tool in manifest.tools.items():
        if isinstance(tool, HttpTool) and tool.input_schema is not None:
            yield join_pointer("/tools", name) + "/input_schema", tool.input_schema, _FREE_JSON
    for name, plugin in manifest.plugins.items():
        yield from _list_of_plugin(join_pointer("/plugins", name), plugin)


def _list_of_plugin(pointer: str, plugin: Plugin) -> Iterator[tuple[str, Descriptor, frozenset[str]]]:
    if isinstance(plugin.package, PackageBlob):
        yield f"{pointer}/package/content", plugin.package.content, _PACKAGES
    if plugin.config is not None:
        yield f"{pointer}/config", plugin.config, _FREE_JSON
    for name, surface in plugin.surfaces.items():
        if surface.input_schema is not None:
            place = join_pointer(f"{pointer}/surfaces", name) + "/input_schema"
            yield place, surface.input_schema, _FREE_JSON
