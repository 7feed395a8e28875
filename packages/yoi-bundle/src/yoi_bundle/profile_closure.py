"""Which profiles an item is part of, and so which profiles a feature that this reader lacks takes away (B-06)."""

from collections.abc import Iterator

from yoi_bundle.closure import matches_tool, spell_entry
from yoi_bundle.errors import Fault
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import AllTools, Manifest, McpServer, Profile, ToolSelection
from yoi_bundle.schema import BUILTIN_SECTION, Unsupported
from yoi_bundle.selection import select_tools
from yoi_bundle.verified import VerifiedBundle


def find_profile_faults(bundle: VerifiedBundle) -> dict[str, list[Fault]]:
    """Return for each profile that cannot be used here, by selector, the features that are lacking.

    A profile lacks what it needs itself and what an item that it uses needs; the other profiles of the bundle are
    not concerned. Each fault is a `feature.unsupported` with the item's pointer, its section and the feature's name.
    """
    uses = list_uses(bundle.manifest, bundle.unsupported)
    faults: dict[str, list[Fault]] = {}
    for section, items in sorted(bundle.unsupported.items()):
        for name, features in sorted(items.items()):
            for selector in sorted(_find_own(section, name) | uses.get((section, name), set())):
                found = (_lacking(section, name, feature) for feature in sorted(features))
                faults.setdefault(selector, []).extend(found)
    return faults


def compute_profile_features(bundle: VerifiedBundle) -> dict[str, frozenset[str]]:
    """Return for each profile that cannot be used here, by selector, the names of the features it lacks."""
    return {
        selector: frozenset(fault.name for fault in faults)
        for selector, faults in find_profile_faults(bundle).items()
    }


def _find_own(section: str, name: str) -> set[str]:
    sources = {"profiles": "workspace", BUILTIN_SECTION: "builtin"}
    return {f"{sources[section]}:{name}"} if section in sources else set()


def _lacking(section: str, name: str, feature: str) -> Fault:
    return Fault(
        code="feature.unsupported",
        pointer=join_pointer(f"/{section}", name),
        message="the profile needs a feature that this reader does not know",
        remedy="use a newer Runtime, or a profile that does without",
        kind=section,
        name=feature,
    )


def list_profiles(manifest: Manifest) -> dict[str, Profile]:
    """Return every profile by selector."""
    own = {f"workspace:{name}": profile for name, profile in manifest.profiles.items()}
    builtin = manifest.builtin.profiles if manifest.builtin else {}
    return own | {f"builtin:{name}": profile for name, profile in builtin.items()}


def list_uses(manifest: Manifest, unsupported: Unsupported | None = None) -> dict[tuple[str, str], set[str]]:
    """Return for each (section, item) the selectors of the profiles that use it, through workflows and servers too.

    Args:
        manifest: Of which every profile is looked at.
        unsupported: Items that were not decoded; tools among them count as used wherever a selection takes their id.
    """
    hidden = tuple((unsupported or {}).get("tools", {}))
    uses: dict[tuple[str, str], set[str]] = {}
    for selector, profile in list_profiles(manifest).items():
        for key in _list_used(manifest, selector, profile, hidden):
            uses.setdefault(key, set()).add(selector)
    return uses


def _list_used(
    manifest: Manifest, selector: str, profile: Profile, hidden: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    yield from (("prompts", use.prompt) for use in profile.prompts)
    yield from (("models", name) for name in profile.models)
    yield from (("policies", name) for name in profile.policies)
    yield from (("skills", name) for name in profile.skills)
    yield from (("plugins", name) for name in profile.plugins)
    yield from _list_tools(manifest, selector, profile.tools, hidden)
    for name in profile.workflows:
        yield "workflows", name
        workflow = manifest.workflows.get(name)
        if workflow is not None:
            yield from (("models", model) for model in workflow.models)
            yield from (("policies", policy) for policy in workflow.policies)
            if workflow.tools is not None:
                yield from _list_tools(manifest, selector, workflow.tools, hidden)


def _list_tools(
    manifest: Manifest, selector: str, selection: ToolSelection, hidden: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    for tool_id in hidden:
        if isinstance(selection, AllTools) or any(
            matches_tool(spell_entry(one, {*manifest.tools, *hidden}), tool_id) for one in selection.tools
        ):
            yield "tools", tool_id
    kind, _, name = selector.partition(":")
    for tool_id, chosen in select_tools(
        manifest.tools, selection, profile=name if kind == "workspace" else None
    ).items():
        yield "tools", tool_id
        if isinstance(chosen.tool, McpServer) and chosen.tool.plugin is not None:
            yield "plugins", chosen.tool.plugin
