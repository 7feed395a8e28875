"""Name indexes: of several items with one name, the nearest to the file that says it (B-10, B-14).

Near is what shares more of its path: the same plugin's folder before its neighbours, the workspace last. Two that
are equally near make the name ambiguous, and no guess is made.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import TypeAlias

from msgspec import Struct

from yoi_bundle.authoring.assembly.identify import IdentifiedDrafts
from yoi_bundle.authoring.dialects.claude.vocabulary import spell_server
from yoi_bundle.authoring.drafts.draft import ProfileDraft, PromptDraft, SkillDraft, WorkflowDraft
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Tool

NamedDraft: TypeAlias = ProfileDraft | PromptDraft | WorkflowDraft | SkillDraft


class _Entry(Struct, frozen=True):
    steps: tuple[str, ...]
    item: str


class NameIndex:
    """Items of one kind by all the names that people use for them."""

    def __init__(self) -> None:
        self._entries: defaultdict[str, list[_Entry]] = defaultdict(list)

    def add(self, item: str, path: str, names: Iterable[str]) -> None:
        """Enter an item under its names; empty names are skipped.

        Args:
            item: Its id.
            path: The file it stands in.
            names: Its id, the last part of it, its declared name.
        """
        entry = _Entry(tuple(path.split("/")[:-1]), item)
        for name in dict.fromkeys(names):
            if name:
                self._entries[name].append(entry)

    def find(self, name: str, path: str) -> tuple[str, ...]:
        """Return the nearest items with a name, seen from a file: none, one, or several that are equally near."""
        entries = self._entries.get(name, [])
        if len(entries) < 2:
            return tuple(entry.item for entry in entries)
        here = tuple(path.split("/")[:-1])
        shared = [_count_shared(here, entry.steps) for entry in entries]
        nearest = max(shared)
        found = (entry.item for entry, count in zip(entries, shared, strict=True) if count == nearest)
        return tuple(sorted(dict.fromkeys(found)))

    def find_all(self, name: str) -> tuple[str, ...]:
        """Return every item with a name."""
        return tuple(sorted({entry.item for entry in self._entries.get(name, [])}))


class Names:
    """The names of everything that a file may refer to.

    Attributes:
        servers: Public MCP servers by local name.
        private: Profile id → local name → key of a server that is private to it.
    """

    def __init__(self, drafts: IdentifiedDrafts, tools: Mapping[str, Tool]) -> None:
        """Index the drafts; of the servers those that are among the manifest's tools."""
        self.profiles = _index_items(drafts.profiles, drafts)
        self.prompts = _index_items(drafts.prompts, drafts)
        self.workflows = _index_items(drafts.workflows, drafts)
        self.skills = _index_items(drafts.skills, drafts)
        self.servers = _index_servers(drafts, tools)
        self.private = _list_private(drafts, tools)


def _index_items(items: Mapping[str, NamedDraft], drafts: IdentifiedDrafts) -> NameIndex:
    """Enter each item under its id, the last part of it, its declared name, and for a plugin's item `PLUGIN:NAME`."""
    index = NameIndex()
    for item, draft in sorted(items.items()):
        last = item.rsplit("/", 1)[-1]
        names = [item, decode_path(item), last, decode_path(last)]
        if draft.dialect != "yoi":
            names += [draft.title, last.removesuffix(".agent").removesuffix(".instructions")]
        plugin = drafts.find_plugin(draft.path)
        if plugin in drafts.plugins:
            names += [f"{drafts.plugins[plugin].name}:{name}" for name in (draft.title, last)]
        index.add(item, draft.path, names)
    return index


def _index_servers(drafts: IdentifiedDrafts, tools: Mapping[str, Tool]) -> NameIndex:
    index = NameIndex()
    for key, draft in sorted(drafts.servers.items()):
        if key in tools and key not in drafts.private_to:
            names = [draft.local_name, key.removeprefix("mcp:"), spell_server(draft.local_name)]
            plugin = drafts.find_plugin(draft.path)
            if plugin in drafts.plugins:
                names.append(spell_server(draft.local_name, plugin=drafts.plugins[plugin].name))
            index.add(key, draft.path, names)
    return index


def _list_private(drafts: IdentifiedDrafts, tools: Mapping[str, Tool]) -> dict[str, dict[str, str]]:
    private: dict[str, dict[str, str]] = {}
    for key, owner in drafts.private_to.items():
        if key in tools:
            local_name = drafts.servers[key].local_name
            for name in (spell_server(local_name), local_name):
                private.setdefault(owner, {})[name] = key
    return private


def _count_shared(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    """Count the steps that two paths have in common."""
    pairs = zip(left, right, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
