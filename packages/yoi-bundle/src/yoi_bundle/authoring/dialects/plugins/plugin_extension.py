"""A plugin's surfaces, permissions and configuration, as drafts: what `plugin_manifest` says of our key (S-06)."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.drafts.draft import SurfaceDraft
from yoi_bundle.faults import find_type_faults
from yoi_bundle.plugin_manifest import EXTENSION_KEY, PluginExtension, parse_entry


class ExtensionDraft(Struct, frozen=True, kw_only=True):
    """Attributes: config: Free JSON in one spelling; None when there is none."""

    surfaces: tuple[SurfaceDraft, ...] = ()
    permissions: dict[str, bool] = {}
    config: bytes | None = None


def read_extension(
    value: Any, find_line: Callable[[str], int], diagnostics: FileDiagnostics
) -> ExtensionDraft:
    """Read our extension strictly; any fault is an error, which rejects the plugin.

    Args:
        value: What stands under the key.
        find_line: Gives the line of a JSON pointer below it.
        diagnostics: Gets the faults.
    """
    try:
        form = msgspec.convert(value, PluginExtension, strict=True)
    except (msgspec.ValidationError, ValueError):
        _report_faults(value, find_line, diagnostics)
        return ExtensionDraft()
    surfaces = []
    for name, surface in form.surfaces.items():
        entry = parse_entry(surface.entry)
        if entry is None:
            message = f"the entry of the surface `{name}` is no file inside the plugin"
            line = find_line(f"/surfaces/{name}/entry")
            diagnostics.error("plugin.malformed", line, message, "write a path that begins with `./`")
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
    return ExtensionDraft(
        surfaces=tuple(surfaces),
        permissions={name: ask.required for name, ask in form.permissions.items()},
        config=None if form.config is None else encode_free_json(form.config),
    )


def encode_free_json(value: Any) -> bytes:
    """Write free JSON in one spelling, so that equal content is one blob."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def _report_faults(value: Any, find_line: Callable[[str], int], diagnostics: FileDiagnostics) -> None:
    remedy = "see docs/guides/authoring.md for the form of the extension"
    faults = find_type_faults(value, PluginExtension)
    for fault in faults:
        message = f"`{EXTENSION_KEY}{fault.pointer}`: {fault.message}"
        diagnostics.error("plugin.malformed", find_line(fault.pointer), message, fault.remedy or remedy)
    if not faults:
        diagnostics.error("plugin.malformed", find_line(""), f"`{EXTENSION_KEY}` is not of its form", remedy)
