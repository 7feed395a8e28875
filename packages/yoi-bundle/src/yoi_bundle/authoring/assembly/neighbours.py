"""What an imported profile may use without a list: the skills and workflows beside it (B-14)."""

import posixpath
from collections.abc import Container, Mapping

from msgspec.structs import replace

from yoi_bundle.authoring.assembly.identify import IdentifiedDrafts
from yoi_bundle.authoring.assembly.implied_asks import takes_tool
from yoi_bundle.authoring.assembly.ledger import ItemKey
from yoi_bundle.manifest import Ask, Plugin, Profile


class Neighbours:
    """Gives an imported profile the skills, workflows and plugin of its own plugin's or `.claude` folder.

    Other programs let an agent use those without a list; ours has lists only.
    """

    def __init__(
        self, *, drafts: IdentifiedDrafts, plugins: Mapping[str, Plugin], lost: Container[ItemKey]
    ) -> None:
        self._drafts = drafts
        self._plugins = plugins
        self._lost = lost
        self._homes = {plugin: root for root, plugin in self._drafts.plugin_roots.items()}
        self._found: dict[str, tuple[dict[str, Ask], dict[str, Ask]]] = {}

    def add_to(self, profile: Profile, path: str) -> Profile:
        """Return the profile, of the file at `path`, with its neighbours; what it lists itself stays."""
        plugin = self._drafts.find_plugin(path)
        home = self._homes[plugin] if plugin is not None else _find_claude_folder(path)
        if home is None:
            return profile
        if home not in self._found:
            self._found[home] = self._list(f"{home}/" if home else "")
        skills, workflows = self._found[home]
        item = self._plugins.get(plugin) if plugin is not None else None
        plugins = (
            {plugin: Ask()} if plugin is not None and item is not None and item.package is not None else {}
        )
        return replace(
            profile,
            skills=(skills if takes_tool(profile.tools, "skill.use") else {}) | profile.skills,
            workflows=(workflows if takes_tool(profile.tools, "workflow.run") else {}) | profile.workflows,
            plugins=plugins | profile.plugins,
        )

    def _list(self, prefix: str) -> tuple[dict[str, Ask], dict[str, Ask]]:
        skills = {name: Ask() for name, skill in self._drafts.skills.items() if skill.path.startswith(prefix)}
        workflows = {
            name: Ask()
            for name, workflow in self._drafts.workflows.items()
            if workflow.path.startswith(prefix) and ("workflows", name) not in self._lost
        }
        return skills, workflows


def _find_claude_folder(path: str) -> str | None:
    steps = posixpath.dirname(path).split("/")
    if ".claude" not in steps:
        return None
    return "/".join(steps[: steps.index(".claude") + 1])
