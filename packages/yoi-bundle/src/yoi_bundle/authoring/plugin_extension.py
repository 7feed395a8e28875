"""Our key of `extensions` in an Agent Plugins manifest: surfaces, permissions and configuration (S-06).

```json
"extensions": {"dev.yoi": {
  "surfaces": {"search": {"type": "tool", "entry": "./bin/search", "description": "…", "input_schema": {}}},
  "permissions": {"network": {"required": true}, "state.write": {}},
  "config": {}
}}
```
"""

import json
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from yoi_bundle.authoring.draft import SurfaceDraft
from yoi_bundle.authoring.remarks import Remarks
from yoi_bundle.faults import find_type_faults
from yoi_bundle.identifiers import Permission, SurfaceName
from yoi_bundle.manifest import Ask, SurfaceType
from yoi_bundle.manifest.item import Description
from yoi_bundle.plugin_manifest import EXTENSION_KEY, parse_entry


class PluginExtension(Struct, frozen=True, kw_only=True):
    """Attributes: config: Free JSON in one spelling; None when there is none."""

    surfaces: tuple[SurfaceDraft, ...] = ()
    permissions: dict[str, bool] = {}
    config: bytes | None = None


class _SurfaceForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: SurfaceType
    entry: Annotated[str, Meta(min_length=1, max_length=512)]
    description: Description = ""
    input_schema: dict[str, Any] | None = None


class _ExtensionForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    surfaces: dict[SurfaceName, _SurfaceForm] = {}
    permissions: dict[Permission, Ask] = {}
    config: dict[str, Any] | None = None


def read_extension(value: Any, find_line: Callable[[str], int], remarks: Remarks) -> PluginExtension:
    """Read our extension strictly; any fault is an error, which rejects the plugin.

    Args:
        value: What stands under the key.
        find_line: Gives the line of a JSON pointer below it.
        remarks: Gets the faults.
    """
    try:
        form = msgspec.convert(value, _ExtensionForm, strict=True)
    except (msgspec.ValidationError, ValueError) as error:
        _report_faults(value, error, find_line, remarks)
        return PluginExtension()
    surfaces = []
    for name, surface in form.surfaces.items():
        entry = parse_entry(surface.entry)
        if entry is None:
            message = f"the entry of the surface `{name}` is no file inside the plugin"
            line = find_line(f"/surfaces/{name}/entry")
            remarks.error("plugin.malformed", line, message, "write a path that begins with `./`")
            continue
        schema = surface.input_schema
        surfaces.append(
            SurfaceDraft(
                name=name,
                type=surface.type,
                entry=entry,
                description=surface.description,
                input_schema=None if schema is None else encode_free_json(schema),
            )
        )
    return PluginExtension(
        surfaces=tuple(surfaces),
        permissions={name: ask.required for name, ask in form.permissions.items()},
        config=None if form.config is None else encode_free_json(form.config),
    )


def encode_free_json(value: Any) -> bytes:
    """Write free JSON in one spelling, so that equal content is one blob."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def _report_faults(value: Any, error: Exception, find_line: Callable[[str], int], remarks: Remarks) -> None:
    remedy = "see docs/guides/authoring.md for the form of the extension"
    try:
        faults = find_type_faults(value, _ExtensionForm)
    except TypeError:
        faults = []
    for fault in faults:
        message = f"`{EXTENSION_KEY}{fault.pointer}`: {fault.message}"
        remarks.error("plugin.malformed", find_line(fault.pointer), message, fault.remedy or remedy)
    if not faults:
        del error
        remarks.error("plugin.malformed", find_line(""), f"`{EXTENSION_KEY}` is not of its form", remedy)
