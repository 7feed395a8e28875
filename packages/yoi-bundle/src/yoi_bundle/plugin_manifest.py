"""What an Agent Plugins 1.0 package says of itself: `plugin.json`, with our surfaces under one key (S-06).

```json
{
  "name": "hours", "version": "1.0.0",
  "extensions": {
    "dev.yoi": {
      "surfaces": {"opening_hours": {"type": "tool", "entry": "./bin/hours.py", "description": "…", "input_schema": {}}},
      "permissions": {"clock": {"required": true}},
      "config": {}
    }
  }
}
```

A builder reads what stands under the key by the same form, with lines and remedies. Without the key a package brings
skills and MCP servers only. Other keys of `plugin.json` and other extensions are
other people's, and passed over.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from yoi_bundle.canonical import verify_depth
from yoi_bundle.errors import BundleInvalidError, Fault, LimitExceededError
from yoi_bundle.faults import find_type_faults
from yoi_bundle.identifiers import Permission, SurfaceName, encode_path
from yoi_bundle.manifest import Ask, SurfaceType
from yoi_bundle.manifest.item import Description
from yoi_bundle.manifest.plugin import Version

PLUGIN_MANIFEST_PATH = "plugin.json"
EXTENSION_KEY = "dev.yoi"
MAX_PLUGIN_MANIFEST_BYTES = 1024 * 1024
_MAX_DEPTH = 32


class PackageSurface(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A surface as its package declares it.

    Attributes:
        entry: The file of the package that is run; `parse_entry` reads it.
        input_schema: Free JSON; a Runtime takes it from the bundle.
    """

    type: SurfaceType
    entry: Annotated[str, Meta(min_length=1, max_length=512)]
    description: Description = ""
    input_schema: dict[str, Any] | None = None


class PluginExtension(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands under our key.

    Attributes:
        config: Free JSON; a Runtime takes it from the bundle.
    """

    surfaces: dict[SurfaceName, PackageSurface] = {}
    permissions: dict[Permission, Ask] = {}
    config: dict[str, Any] | None = None


class PluginManifest(Struct, frozen=True, kw_only=True):
    """The parts of `plugin.json` that a Runtime goes by; entries are in the manifest's grammar."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    version: Version = ""
    extension: PluginExtension = PluginExtension()


def parse_plugin_manifest(data: bytes) -> PluginManifest:
    """Read `plugin.json`.

    Raises:
        BundleInvalidError: With every fault; pointers are into `plugin.json`.
        LimitExceededError: Longer than 1 MiB or nested deeper than 32.
    """
    if len(data) > MAX_PLUGIN_MANIFEST_BYTES:
        raise LimitExceededError(
            "plugin_manifest_bytes",
            value=len(data),
            allowed=MAX_PLUGIN_MANIFEST_BYTES,
            place=PLUGIN_MANIFEST_PATH,
        )
    verify_depth(data, allowed=_MAX_DEPTH, place=PLUGIN_MANIFEST_PATH)
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BundleInvalidError([_fault("", "not JSON")]) from None
    if not isinstance(document, dict):
        raise BundleInvalidError([_fault("", "expected an object")])
    extensions = document.get("extensions", {})
    ours = extensions.get(EXTENSION_KEY, {}) if isinstance(extensions, dict) else None
    known = {key: document[key] for key in ("name", "version") if key in document}
    try:
        manifest = msgspec.convert({**known, "extension": ours}, PluginManifest)
    except (msgspec.ValidationError, ValueError):
        faults = find_type_faults({**known, "extension": ours}, PluginManifest)
        raise BundleInvalidError([_move(fault) for fault in faults] or [_fault("", "no plugin")]) from None
    return replace(manifest, extension=_parse_entries(manifest.extension))


def parse_entry(entry: str) -> str | None:
    """Write the path of a surface's file, `./bin/search`, in the manifest's grammar; None when it leaves the package."""
    steps = [step for step in entry.split("/") if step not in ("", ".")]
    leaves = entry.startswith(("/", "~")) or ".." in steps or not steps
    if leaves or any(character in entry for character in "\\$:"):
        return None
    return encode_path("/".join(steps))


def _parse_entries(extension: PluginExtension) -> PluginExtension:
    surfaces: dict[str, PackageSurface] = {}
    faults = []
    for name, surface in extension.surfaces.items():
        entry = parse_entry(surface.entry)
        if entry is None:
            place = f"/extensions/{EXTENSION_KEY}/surfaces/{name}/entry"
            faults.append(_fault(place, "expected a file inside the package"))
        else:
            surfaces[name] = replace(surface, entry=entry)
    if faults:
        raise BundleInvalidError(faults)
    return replace(extension, surfaces=surfaces)


def _move(fault: Fault) -> Fault:
    """Point into the file instead of into the part that was taken out of it."""
    place = f"/extensions/{EXTENSION_KEY}"
    pointer = fault.pointer.replace("/extension", place, 1) if fault.pointer.startswith("/extension") else ""
    return _fault(pointer or fault.pointer, fault.message)


def _fault(pointer: str, message: str) -> Fault:
    return Fault(code="bundle.invalid", pointer=pointer, message=message)
