"""Ids from paths: ASCII, percent-encoded, unique where paths are; two files that claim one id are both at fault (B-14)."""

import posixpath
from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct

from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger
from yoi_bundle.authoring.drafts.diagnostics import Place, show_path
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
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE
from yoi_bundle.identifiers import encode_path, encode_segment

ROOT_SKILL_ID = "SKILL"
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
    read = tuple(contributions)

    def identify(
        section: str, drafts: Iterable[Draft], compute_id: Callable[[Draft], str]
    ) -> dict[str, Draft]:
        return _identify(ledger, reserved, section, drafts, compute_id)

    profiles = identify(
        "profiles",
        (draft for file in read for draft in file.profiles),
        lambda draft: compute_item_id(draft.path, "profiles"),
    )
    manifests = _choose_manifests([draft for file in read for draft in file.plugins], ledger)
    plugins = identify("plugins", manifests, lambda draft: compute_plugin_id(draft.root, draft.name))
    roots = {root: compute_plugin_id(root, "unreadable") for root in failed_plugins}
    roots |= {draft.root: compute_plugin_id(draft.root, draft.name) for draft in manifests}
    servers = (
        *(draft for file in read for draft in file.servers),
        *(draft for plugin in plugins.values() for draft in plugin.servers),
        *(draft for profile in profiles.values() for draft in profile.servers),
    )
    return IdentifiedDrafts(
        profiles=profiles,
        prompts=identify(
            "prompts",
            (draft for file in read for draft in file.prompts),
            lambda draft: compute_item_id(draft.path, "prompts"),
        ),
        workflows=identify(
            "workflows",
            (draft for file in read for draft in file.workflows),
            lambda draft: compute_item_id(draft.path, "workflows"),
        ),
        skills=identify(
            "skills",
            (draft for file in read for draft in file.skills),
            lambda draft: compute_skill_id(draft.path),
        ),
        policies=identify(
            "policies",
            (draft for file in read for draft in file.policies),
            lambda draft: compute_policy_id(draft.path, draft.name),
        ),
        servers=identify(
            "tools", servers, lambda draft: compute_tool_id("mcp", draft.path, draft.local_name)
        ),
        private_to={
            compute_tool_id("mcp", server.path, server.local_name): profile
            for profile, draft in profiles.items()
            for server in draft.servers
        },
        http_tools=identify(
            "tools",
            (draft for file in read for draft in file.http_tools),
            lambda draft: compute_tool_id("http", draft.path, draft.local_name),
        ),
        plugins=plugins,
        plugin_roots=roots,
    )


def compute_item_id(path: str, folder: str) -> str:
    """Return the id of the item that a Markdown file is.

    Args:
        path: `plugins/x/agents/y.md` gives `plugins/x/agents/y`; only a final `.md` is dropped.
        folder: The folder of our own files of this kind; `.yoi/profiles/y.md` gives `y` with `profiles`.
    """
    return encode_path(path.removeprefix(f".yoi/{folder}/").removesuffix(".md"))


def compute_file_id(path: str) -> str:
    """Return the id under which a file's own prompt and rules stand; it keeps the folder `.yoi/profiles`."""
    return encode_path(path.removesuffix(".md"))


def compute_policy_id(path: str, name: str = "") -> str:
    """Return the id of a policy: its file's path without the extension, and its name where the file has several."""
    stem = posixpath.splitext(path.removeprefix(".yoi/policies/"))[0]
    return encode_path(stem) + (f"/{encode_segment(name)}" if name else "")


def compute_skill_id(path: str) -> str:
    """Return the id of a skill, from the path of its `SKILL.md`."""
    directory = posixpath.dirname(path)
    return encode_path(directory.removeprefix(".yoi/skills/")) if directory else ROOT_SKILL_ID


def compute_tool_id(kind: str, path: str, local_name: str) -> str:
    """Return the key of an MCP server (`mcp`) or HTTP tool (`http`): `mcp:plugins/x/.mcp/NAME`.

    One that `workspace.toml` declares has just its name: `mcp:NAME`.
    """
    name = encode_segment(local_name)
    if path == WORKSPACE_FILE:
        return f"{kind}:{name}"
    stem = path.removesuffix(".md") if path.endswith(".md") else posixpath.splitext(path)[0]
    return f"{kind}:{encode_path(stem)}/{name}"


def compute_plugin_id(root: str, name: str) -> str:
    """Return the source-qualified id of a plugin of this workspace, from its directory."""
    return f"workspace:{encode_path(root) if root else encode_segment(name)}"


def _identify(
    ledger: Ledger,
    reserved: frozenset[ItemKey],
    section: str,
    drafts: Iterable[Draft],
    compute_id: Callable[[Draft], str],
) -> dict[str, Draft]:
    groups: dict[str, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(compute_id(draft), []).append(draft)
    single: dict[str, Draft] = {}
    for item, group in sorted(groups.items()):
        key = (section, item)
        place = Place(group[0].path, group[0].line)
        if key in reserved:
            ledger.lose(
                key, "id.collision", place, f"the built-in set has the id `{item}`", "rename the file"
            )
        ledger.places[key] = place
        if len(group) > 1:
            _report_collision(ledger, key, group)
        elif key not in ledger.lost:
            single[item] = group[0]
    return single


def _report_collision(ledger: Ledger, key: ItemKey, group: list[Draft]) -> None:
    shown = {draft.path: show_path(draft.path) for draft in group}
    for path in sorted(shown):
        others = ", ".join(sorted({other for other in shown.values() if other != shown[path]})) or "itself"
        message = f"has the same id in `{key[0]}` as {others}: `{key[1]}`"
        ledger.lose(key, "id.collision", Place(path), message, "rename one of them")


def _choose_manifests(drafts: list[PluginDraft], ledger: Ledger) -> list[PluginDraft]:
    """Take one manifest of each directory: the vendor-neutral one, where there are several."""
    chosen: dict[str, PluginDraft] = {}
    for draft in sorted(drafts, key=lambda draft: (draft.dialect != "agent-plugins", draft.path)):
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
