"""Schema versions and features: how a manifest says what a reader must know (B-06)."""

from typing import TypeAlias

from yoi_bundle.manifest import Item, Manifest, Plugin, Prompt, Workflow, WorkflowReference

SCHEMA_VERSION = 1
"""The newest version this package writes."""

READABLE_SCHEMA_VERSIONS: tuple[int, ...] = tuple(
    version for version in (SCHEMA_VERSION - 1, SCHEMA_VERSION) if version >= 1
)
"""This version and the one before, where there is one."""

KNOWN_FEATURES: frozenset[str] = frozenset(
    {"plugin.ingress", "plugin.service", "prompt.conditional", "workflow.reference"}
)

Unsupported: TypeAlias = dict[str, dict[str, frozenset[str]]]
"""Section → item id → the features that this reader lacks; those items are not decoded."""

ITEM_SECTIONS: tuple[str, ...] = (
    "models",
    "prompts",
    "workflows",
    "skills",
    "tools",
    "policies",
    "plugins",
    "profiles",
)
BUILTIN_SECTION = "builtin/profiles"


def compute_features(item: Item) -> frozenset[str]:
    """Return the features that an item's content needs; its `features` must name just these."""
    match item:
        case Prompt(applies_to=globs) if globs:
            return frozenset({"prompt.conditional"})
        case Workflow(body=WorkflowReference()):
            return frozenset({"workflow.reference"})
        case Plugin(surfaces=surfaces):
            return frozenset(
                f"plugin.{surface.type}"
                for surface in surfaces.values()
                if surface.type in ("service", "ingress")
            )
        case _:
            return frozenset()


def compute_schema_version(manifest: Manifest) -> int:
    """Return the oldest schema version that can say this content."""
    del manifest  # version 1 is the first; a later one adds its test here
    return 1
