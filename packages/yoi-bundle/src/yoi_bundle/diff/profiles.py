"""Profiles compared, and which profiles an item is part of (B-12)."""

from collections.abc import Iterator, Mapping

from yoi_bundle.diff.change import ChangeClass, Delta, build_delta
from yoi_bundle.diff.items import classify_added_model, compare_layers, compare_selections
from yoi_bundle.diff.members import compare_asked, compare_asks, compare_field
from yoi_bundle.manifest import Manifest, McpServer, Model, Profile, ToolSelection
from yoi_bundle.selection import select_tools


def compare_profiles(old: Profile, new: Profile, models: Mapping[str, Model]) -> Iterator[Delta]:
    """Compare two versions of a profile.

    Args:
        old: Before.
        new: After.
        models: Of the new manifest: a model that is added brings its credential and endpoint along.
    """
    yield from compare_selections("/tools", old.tools, new.tools)
    yield from compare_field("/prompts", "text", old.prompts, new.prompts)
    if old.models != new.models:
        added = [classify_added_model(models.get(name)) for name in new.models if name not in old.models]
        change_class: ChangeClass = "widening" if "widening" in added else "model"
        yield build_delta("/models", change_class, old.models, new.models)
    yield from compare_field("/model_required", "model", old.model_required, new.model_required)
    yield from compare_layers(old.policies, new.policies)
    yield from compare_asked("/skills", old.skills, new.skills)
    yield from compare_asked("/workflows", old.workflows, new.workflows)
    yield from compare_asked("/plugins", old.plugins, new.plugins)
    yield from compare_asks("/asks", old.asks, new.asks)
    yield from compare_field("/language", "text", old.language, new.language)


def list_profiles(manifest: Manifest) -> dict[str, Profile]:
    """Return every profile by selector."""
    own = {f"workspace:{name}": profile for name, profile in manifest.profiles.items()}
    builtin = manifest.builtin.profiles if manifest.builtin else {}
    return own | {f"builtin:{name}": profile for name, profile in builtin.items()}


def list_uses(manifest: Manifest) -> dict[tuple[str, str], set[str]]:
    """Return for each (section, item) the selectors of the profiles that use it, through workflows and servers too."""
    uses: dict[tuple[str, str], set[str]] = {}
    for selector, profile in list_profiles(manifest).items():
        for key in _list_used(manifest, selector, profile):
            uses.setdefault(key, set()).add(selector)
    return uses


def _list_used(manifest: Manifest, selector: str, profile: Profile) -> Iterator[tuple[str, str]]:
    yield from (("prompts", use.prompt) for use in profile.prompts)
    yield from (("models", name) for name in profile.models)
    yield from (("policies", name) for name in profile.policies)
    yield from (("skills", name) for name in profile.skills)
    yield from (("plugins", name) for name in profile.plugins)
    yield from _list_tools(manifest, selector, profile.tools)
    for name in profile.workflows:
        yield "workflows", name
        workflow = manifest.workflows.get(name)
        if workflow is not None:
            yield from (("models", model) for model in workflow.models)
            yield from (("policies", policy) for policy in workflow.policies)
            if workflow.tools is not None:
                yield from _list_tools(manifest, selector, workflow.tools)


def _list_tools(manifest: Manifest, selector: str, selection: ToolSelection) -> Iterator[tuple[str, str]]:
    kind, _, name = selector.partition(":")
    for tool_id, chosen in select_tools(
        manifest.tools, selection, profile=name if kind == "workspace" else None
    ).items():
        yield "tools", tool_id
        if isinstance(chosen.tool, McpServer) and chosen.tool.plugin is not None:
            yield "plugins", chosen.tool.plugin
