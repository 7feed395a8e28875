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

Without the key a package brings skills and MCP servers only. Other keys of `plugin.json` and other extensions are
other people's, and passed over.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from yoi_bundle.canonical import verify_depth
from yoi_bundle.errors import BundleInvalidError, Fault, LimitExceededError
from yoi_bundle.faults import find_type_faults
from yoi_bundle.identifiers import Permission, ResourcePath, SurfaceName, encode_path
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
        entry: The file of the package that is run, as `parse_entry` gives it.
    """

    type: SurfaceType
    entry: ResourcePath
    description: Description = ""


class PluginExtension(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands under our key, but for schemas and configuration: a Runtime takes those from the bundle."""

    surfaces: dict[SurfaceName, PackageSurface] = {}
    permissions: dict[Permission, Ask] = {}


class PluginManifest(Struct, frozen=True, kw_only=True):
    """The parts of `plugin.json` that a Runtime goes by."""

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
    ours = _reduce(extensions.get(EXTENSION_KEY, {})) if isinstance(extensions, dict) else None
    known = {key: document[key] for key in ("name", "version") if key in document}
    try:
        manifest = msgspec.convert({**known, "extension": ours}, PluginManifest)
    except (msgspec.ValidationError, ValueError):
        faults = find_type_faults({**known, "extension": ours}, PluginManifest)
        raise BundleInvalidError([_move(fault) for fault in faults] or [_fault("", "no plugin")]) from None
    return manifest


def parse_entry(entry: str) -> str | None:
    """Write the path of a surface's file, `./bin/search`, in the manifest's grammar; None when it leaves the package."""
    steps = [step for step in entry.split("/") if step not in ("", ".")]
    leaves = entry.startswith(("/", "~")) or ".." in steps or not steps
    if leaves or any(character in entry for character in "\\$:"):
        return None
    return encode_path("/".join(steps))


def _reduce(extension: Any) -> Any:
    """Keep what `PluginExtension` has; what is not of its form is kept too, for the strict decode to refuse."""
    if not isinstance(extension, dict):
        return extension
    reduced = {key: value for key, value in extension.items() if key != "config"}
    if isinstance(extension.get("surfaces"), dict):
        reduced["surfaces"] = {name: _reduce_surface(one) for name, one in extension["surfaces"].items()}
    return reduced


def _reduce_surface(surface: Any) -> Any:
    if not isinstance(surface, dict):
        return surface
    reduced = {key: value for key, value in surface.items() if key != "input_schema"}
    if isinstance(surface.get("entry"), str):
        reduced["entry"] = parse_entry(surface["entry"]) or surface["entry"]
    return reduced


def _move(fault: Fault) -> Fault:
    """Point into the file instead of into the part that was taken out of it."""
    place = f"/extensions/{EXTENSION_KEY}"
    pointer = fault.pointer.replace("/extension", place, 1) if fault.pointer.startswith("/extension") else ""
    return _fault(pointer or fault.pointer, fault.message)


def _fault(pointer: str, message: str) -> Fault:
    return Fault(code="bundle.invalid", pointer=pointer, message=message)
