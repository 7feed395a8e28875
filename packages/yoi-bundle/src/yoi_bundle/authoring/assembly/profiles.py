"""Profiles of the manifest: names resolved, inheritance flattened, governing policies written in (B-04, B-10)."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from yoi_bundle.authoring.assembly.builtin_copies import BUILTIN_PREFIX
from yoi_bundle.authoring.assembly.confinement import Confiner
from yoi_bundle.authoring.assembly.identify import IdentifiedDrafts, compute_file_id
from yoi_bundle.authoring.assembly.imported_profiles import Neighbours, add_asks, compute_implied_asks
from yoi_bundle.authoring.assembly.inheritance import Inheriting, flatten_profile
from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger
from yoi_bundle.authoring.assembly.names import NameIndex, Names
from yoi_bundle.authoring.assembly.policies import Governing
from yoi_bundle.authoring.assembly.resources import make_prompt
from yoi_bundle.authoring.assembly.tools import make_origin
from yoi_bundle.authoring.drafts.diagnostics import Place, show_name
from yoi_bundle.authoring.drafts.draft import NameReference, ProfileDraft, PromptDraft
from yoi_bundle.builtin import BuiltinSet
from yoi_bundle.manifest import (
    AllTools,
    Ask,
    Asks,
    Member,
    Plugin,
    Profile,
    Prompt,
    PromptUse,
)

MAX_PARENTS = 32
"""Of a profile, one after another: what nobody can follow any more is a mistake, or meant to cost."""

_MOST_SHOWN = 8


class ProfileAssembly:
    """Puts profiles together: each one's own content, then inheritance, then what governs all of them.

    Attributes:
        own_prompts: The profiles' own texts by id, also of profiles that are lost later.
    """

    def __init__(
        self,
        *,
        drafts: IdentifiedDrafts,
        names: Names,
        confiner: Confiner,
        prompts: Mapping[str, Prompt],
        plugins: Mapping[str, Plugin],
        builtins: BuiltinSet,
        ledger: Ledger,
    ) -> None:
        self.own_prompts: dict[str, Prompt] = {}
        self._drafts = drafts
        self._names = names
        self._confiner = confiner
        self._prompts = prompts
        self._plugins = plugins
        self._builtins = builtins
        self._ledger = ledger
        self._own: dict[str, Inheriting] = {}
        self._flat: dict[str, Inheriting | None] = {}
        self._parents: dict[str, int] = {}

    def assemble(self, governing: Governing, asks: Asks) -> dict[str, Profile]:
        """Return profiles by id, flat and governed; those at fault are in the ledger's `lost`.

        Args:
            governing: The policies that every profile is under.
            asks: What every profile asks for beside its own asks.
        """
        for name, draft in self._drafts.profiles.items():
            if governing.lost:
                message = f"left out, because a policy that governs every profile is: {governing.lost}"
                key = ("profiles", name)
                self._ledger.lose(key, "item.depends", Place(draft.path), message, "mend that policy")
                continue
            resolved = self._resolve(name, draft)
            if resolved is not None:
                self._own[name] = resolved
        for name in self._own:
            self._flatten(name)
        neighbours = Neighbours(drafts=self._drafts, plugins=self._plugins, lost=self._ledger.lost)
        return {
            name: self._govern(self._drafts.profiles[name], flat.profile, governing, asks, neighbours)
            for name in self._own
            if (flat := self._flat[name]) is not None
        }

    def _resolve(self, name: str, draft: ProfileDraft) -> Inheriting | None:
        """Return what the file itself says, with every name resolved; None when that loses the profile."""
        key: ItemKey = ("profiles", name)
        place = Place(draft.path, draft.line)
        if not self._confiner.policies.can_be_said(key, draft.unsaid, place):
            return None
        prompts = self._resolve_prompts(key, draft)
        own = self._confiner.confine(key, draft, is_complete=prompts is not None)
        if prompts is None or own is None:
            return None
        profile = Profile(
            title=draft.title,
            description=draft.description,
            origin=make_origin(draft.path, draft.dialect),
            tools=AllTools() if own.tools is None else own.tools,
            prompts=prompts,
            models=own.models,
            model_required=True if draft.model_required is None else draft.model_required,
            policies={policy: Member() for policy in own.policies},
            skills=self._resolve_names("skills", self._names.skills, draft.skills, draft.path),
            workflows=self._resolve_names("workflows", self._names.workflows, draft.workflows, draft.path),
            plugins=self._resolve_plugins(draft),
            asks=draft.asks,
            language=draft.language,
        )
        return Inheriting(profile=profile, mentions=draft.mentions, tools_policy=own.tools_policy)

    def _resolve_prompts(self, key: ItemKey, draft: ProfileDraft) -> tuple[PromptUse, ...] | None:
        """Return the prompts it names and its own text; a missing one loses the profile, which is not the same without."""
        uses: list[PromptUse] = []
        for reference in draft.prompts:
            found = self._names.prompts.find(reference.written, draft.path)
            if len(found) == 1 and found[0] in self._prompts:
                uses.append(PromptUse(prompt=found[0]))
                continue
            message = f"the prompt `{show_name(reference.written)}` {_say_why(found)}"
            place = Place(draft.path, reference.line)
            self._ledger.lose(key, "reference.unresolved", place, message, "name a prompt by its id")
            return None
        if draft.body.strip():
            own = compute_file_id(draft.path)
            if ("prompts", own) in self._ledger.lost:
                place = Place(draft.path, draft.line)
                self._ledger.lose(key, "item.depends", place, "its own text is left out", "mend the text")
                return None
            text = PromptDraft(path=draft.path, dialect=draft.dialect, body=draft.body, title=draft.title)
            self.own_prompts[own] = make_prompt(text, own, (), self._ledger)
            uses.append(PromptUse(prompt=own))
        return tuple(uses)

    def _resolve_names(
        self, section: str, index: NameIndex, references: Iterable[NameReference], path: str
    ) -> dict[str, Ask]:
        """Return ids by name; a name that leads nowhere is left out of the list."""
        asks: dict[str, Ask] = {}
        for reference in references:
            found = index.find(reference.written, path)
            if len(found) == 1 and (section, found[0]) not in self._ledger.lost:
                asks[found[0]] = Ask()
                continue
            self._ledger.report(
                "warning",
                "reference.unresolved",
                Place(path, reference.line),
                f"`{show_name(reference.written)}` in `{section}` {_say_why(found)}; left out",
                "name an item of the workspace by its id",
            )
        return asks

    def _resolve_plugins(self, draft: ProfileDraft) -> dict[str, Ask]:
        asks: dict[str, Ask] = {}
        for reference in draft.plugins:
            plugin = reference.written if ":" in reference.written else f"workspace:{reference.written}"
            if plugin in self._plugins:
                asks[plugin] = Ask()
                continue
            self._ledger.report(
                "warning",
                "reference.unresolved",
                Place(draft.path, reference.line),
                f"`{show_name(reference.written)}` in `plugins` is not to be had; left out",
                "name a plugin as `workspace:DIRECTORY` or `host:NAME`",
            )
        return asks

    def _flatten(self, name: str) -> Inheriting | None:
        """Flatten a profile once, its parents before it; without recursion, because people decide how many there are."""
        chain: dict[str, None] = {}
        current: str | None = name
        while current is not None and current not in self._flat:
            if current in chain:
                names = list(chain)
                self._lose_cycle(names[names.index(current) :])
                break
            chain[current] = None
            current = self._find_parent(current)
        for one in reversed(chain):
            if one not in self._flat:
                self._flat[one] = self._inherit(one)
        return self._flat[name]

    def _lose_cycle(self, names: list[str]) -> None:
        shown = " → ".join((*names[:_MOST_SHOWN], "…") if len(names) > _MOST_SHOWN else (*names, names[0]))
        for name in names:
            draft = self._drafts.profiles[name]
            place = Place(draft.path, draft.extends.line if draft.extends else 0)
            message = f"inherits from itself: {shown}"
            self._ledger.lose(("profiles", name), "profile.cycle", place, message, "take out one `extends`")
            self._flat[name] = None

    def _find_parent(self, name: str) -> str | None:
        """Return the profile of the workspace that a profile extends, if there is just one."""
        draft = self._drafts.profiles[name]
        if draft.extends is None or draft.extends.written.startswith(BUILTIN_PREFIX):
            return None
        found = self._names.profiles.find(draft.extends.written, draft.path)
        return found[0] if len(found) == 1 and found[0] in self._own else None

    def _inherit(self, name: str) -> Inheriting | None:
        """Flatten a profile whose parent is flat."""
        draft = self._drafts.profiles[name]
        extends = draft.extends
        if extends is None:
            return self._own[name]
        parent_name = self._find_parent(name)
        parent = None if parent_name is None else self._flat[parent_name]
        if parent_name is not None:
            self._parents[name] = 1 + self._parents.get(parent_name, 0)
            if self._parents[name] > MAX_PARENTS:
                self._ledger.lose(
                    ("profiles", name),
                    "limit.exceeded",
                    Place(draft.path, extends.line),
                    f"inherits from {self._parents[name]} profiles one after another, at most {MAX_PARENTS} allowed",
                    "extend a profile that is nearer to the first",
                )
                return None
        if extends.written.startswith(BUILTIN_PREFIX):
            builtin = self._builtins.manifest.profiles.get(extends.written.removeprefix(BUILTIN_PREFIX))
            parent = None if builtin is None else Inheriting(profile=builtin)
        if parent is not None:
            return self._join(name, extends, parent)
        self._ledger.lose(
            ("profiles", name),
            "reference.unresolved",
            Place(draft.path, extends.line),
            f"the profile `{show_name(extends.written)}` that it extends is not to be had",
            "name a profile by its id, or `builtin:NAME`",
        )
        return None

    def _join(self, name: str, extends: NameReference, parent: Inheriting) -> Inheriting:
        joined = flatten_profile(self._own[name], parent, self._confiner.policies.policies)
        if joined.widened:
            self._ledger.report(
                "warning",
                "profile.widens",
                Place(self._drafts.profiles[name].path, extends.line),
                f"has more than the profile it extends: {', '.join(joined.widened[:12])}",
                "take it out, or keep it if it is meant",
            )
        return joined

    @staticmethod
    def _govern(
        draft: ProfileDraft, profile: Profile, governing: Governing, asks: Asks, neighbours: Neighbours
    ) -> Profile:
        asks = add_asks(profile.asks, asks)
        if draft.dialect != "yoi":
            asks = add_asks(asks, compute_implied_asks(profile.tools))
            profile = neighbours.add_to(profile, draft.path)
        policies = dict.fromkeys((*governing.policies, *profile.policies), Member())
        return replace(profile, asks=asks, policies=policies)


def _say_why(found: tuple[str, ...]) -> str:
    """Say why a name leads to no one item."""
    return f"may be any of {', '.join(found[:4])}" if len(found) > 1 else "is not to be had"
