"""Every draft under its id; two files that claim one id are both at fault (B-14)."""

import posixpath
from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct

from yoi_bundle.authoring.assembly.item_ids import (
    compute_item_id,
    compute_plugin_id,
    compute_policy_id,
    compute_skill_id,
    compute_tool_id,
)
from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger, Place
from yoi_bundle.authoring.drafts.draft import (
    Contribution,
    HttpToolDraft,
    PluginDraft,
    PolicyDraft,
    ProfileDraft,
    PromptDraft,
    ServerDraft,
    SkillDraft,
    WorkflowDraft,
)
from yoi_bundle.authoring.source.walk import show_path

Draft = TypeVar(
    "Draft",
    ProfileDraft,
    PromptDraft,
    WorkflowDraft,
    SkillDraft,
    PolicyDraft,
    ServerDraft,
    HttpToolDraft,
    PluginDraft,
)


class IdentifiedDrafts(Struct, frozen=True, kw_only=True):
    """Drafts by id; those at fault or excluded are not among them, but in the ledger's `lost`.

    Attributes:
        private_to: Of a server that one profile declares for itself, that profile's id.
        plugin_roots: Directory → id of every plugin, those that are left out among them.
    """

    profiles: dict[str, ProfileDraft]
    prompts: dict[str, PromptDraft]
    workflows: dict[str, WorkflowDraft]
    skills: dict[str, SkillDraft]
    policies: dict[str, PolicyDraft]
    servers: dict[str, ServerDraft]
    private_to: dict[str, str]
    http_tools: dict[str, HttpToolDraft]
    plugins: dict[str, PluginDraft]
    plugin_roots: dict[str, str]

    def find_plugin(self, path: str) -> str | None:
        """Return the id of the nearest plugin in whose directory a file lies, also of one that is left out.

        What a plugin brings needs its grant; without its plugin it is left out, never taken for the workspace's own.
        """
        if not self.plugin_roots:
            return None
        directory = posixpath.dirname(path)
        while directory not in self.plugin_roots:
            if directory == "":
                return None
            directory = posixpath.dirname(directory)
        return self.plugin_roots[directory]


def identify_drafts(
    contributions: Iterable[Contribution],
    *,
    failed_plugins: Iterable[str],
    reserved: frozenset[ItemKey],
    ledger: Ledger,
) -> IdentifiedDrafts:
    """Give every draft its id.

    Args:
        contributions: All drafts.
        failed_plugins: Directories of plugins whose manifest could not be read.
        reserved: Ids of the built-in set, which no file may take.
        ledger: Where collisions go.
    """
    ledger.reserved = reserved
    found = tuple(contributions)
    profiles = _identify(
        ledger,
        "profiles",
        (draft for one in found for draft in one.profiles),
        lambda draft: compute_item_id(draft.path, "profiles"),
    )
    private = {
        compute_tool_id("mcp", server.path, server.local_name): profile
        for profile, draft in profiles.items()
        for server in draft.servers
    }
    manifests = _choose_manifests([draft for one in found for draft in one.plugins], ledger)
    roots = {root: compute_plugin_id(root, "unreadable") for root in failed_plugins}
    roots |= {draft.root: compute_plugin_id(draft.root, draft.name) for draft in manifests}
    plugins = _identify(
        ledger,
        "plugins",
        manifests,
        lambda draft: compute_plugin_id(draft.root, draft.name),
    )
    return IdentifiedDrafts(
        profiles=profiles,
        prompts=_identify(
            ledger,
            "prompts",
            (draft for one in found for draft in one.prompts),
            lambda draft: compute_item_id(draft.path, "prompts"),
        ),
        workflows=_identify(
            ledger,
            "workflows",
            (draft for one in found for draft in one.workflows),
            lambda draft: compute_item_id(draft.path, "workflows"),
        ),
        skills=_identify(
            ledger,
            "skills",
            (draft for one in found for draft in one.skills),
            lambda draft: compute_skill_id(draft.path),
        ),
        policies=_identify(
            ledger,
            "policies",
            (draft for one in found for draft in one.policies),
            lambda draft: compute_policy_id(draft.path, draft.name),
        ),
        servers=_identify(
            ledger,
            "tools",
            (
                *(draft for one in found for draft in one.servers),
                *(draft for plugin in plugins.values() for draft in plugin.servers),
                *(draft for profile in profiles.values() for draft in profile.servers),
            ),
            lambda draft: compute_tool_id("mcp", draft.path, draft.local_name),
        ),
        private_to=private,
        http_tools=_identify(
            ledger,
            "tools",
            (draft for one in found for draft in one.http_tools),
            lambda draft: compute_tool_id("http", draft.path, draft.local_name),
        ),
        plugins=plugins,
        plugin_roots=roots,
    )


def _identify(
    ledger: Ledger, section: str, drafts: Iterable[Draft], compute_id: Callable[[Draft], str]
) -> dict[str, Draft]:
    groups: dict[str, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(compute_id(draft), []).append(draft)
    single: dict[str, Draft] = {}
    for item, group in sorted(groups.items()):
        place = Place(group[0].path, getattr(group[0], "line", 0))
        if (section, item) in ledger.reserved:
            ledger.lose(
                (section, item),
                "id.collision",
                place,
                f"the built-in set has the id `{item}`",
                "rename the file",
            )
        ledger.places[(section, item)] = place
        if len(group) > 1:
            _report_collision(ledger, section, item, group)
        elif (section, item) not in ledger.lost:
            single[item] = group[0]
    return single


def _report_collision(ledger: Ledger, section: str, item: str, group: list[Draft]) -> None:
    paths = sorted({show_path(draft.path) for draft in group})
    for path in paths:
        others = ", ".join(other for other in paths if other != path) or "itself"
        ledger.lose(
            (section, item),
            "id.collision",
            Place(path),
            f"has the same id in `{section}` as {others}: `{item}`",
            "rename one of them",
        )


def _choose_manifests(drafts: list[PluginDraft], ledger: Ledger) -> list[PluginDraft]:
    """Take one manifest of each directory: the vendor-neutral one, where there are several."""
    chosen: dict[str, PluginDraft] = {}
    for draft in sorted(drafts, key=lambda one: (one.dialect != "agent-plugins", one.path)):
        first = chosen.setdefault(draft.root, draft)
        if first is not draft:
            ledger.report(
                "info",
                "plugin.second_manifest",
                Place(draft.path),
                f"left out, because {show_path(first.path)} describes the same plugin",
                "keep one of them",
            )
    return list(chosen.values())
