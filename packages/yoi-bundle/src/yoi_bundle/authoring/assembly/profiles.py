"""Profiles of the manifest: names resolved, inheritance flattened, governing policies written in (B-04, B-10)."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.builtin_copies import BUILTIN_PREFIX
from yoi_bundle.authoring.assembly.identify import IdentifiedDrafts
from yoi_bundle.authoring.assembly.implied_asks import add_asks, compute_implied_asks
from yoi_bundle.authoring.assembly.inheritance import Inheriting, flatten_profile
from yoi_bundle.authoring.assembly.item_ids import compute_file_id
from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger, Place
from yoi_bundle.authoring.assembly.neighbours import Neighbours
from yoi_bundle.authoring.assembly.policies import Governing, PolicyBook
from yoi_bundle.authoring.assembly.resources import ModelResolver, make_prompt
from yoi_bundle.authoring.assembly.scope import NameIndex
from yoi_bundle.authoring.assembly.tool_scope import ToolScope
from yoi_bundle.authoring.assembly.tools import make_origin
from yoi_bundle.authoring.drafts.draft import NameWish, ProfileDraft, PromptDraft
from yoi_bundle.authoring.drafts.file_diagnostics import show_name
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
    ToolSelection,
)


class ProfileNeeds(Struct, frozen=True, kw_only=True):
    """All that profiles refer to.

    Attributes:
        prompts: Prompts by id; a profile's own text is added to them.
        indexes: Names of profiles, prompts, skills and workflows, by section.
    """

    drafts: IdentifiedDrafts
    scope: ToolScope
    policies: PolicyBook
    models: ModelResolver
    prompts: dict[str, Prompt]
    plugins: Mapping[str, Plugin]
    indexes: Mapping[str, NameIndex]
    builtins: BuiltinSet
    governing: Governing
    asks: Asks
    ledger: Ledger


def assemble_profiles(needs: ProfileNeeds) -> dict[str, Profile]:
    """Return profiles by id, flat and governed; those at fault are in the ledger's `lost`."""
    own: dict[str, Inheriting] = {}
    for name, draft in needs.drafts.profiles.items():
        if needs.governing.lost:
            message = f"left out, because a policy that governs every profile is: {needs.governing.lost}"
            needs.ledger.lose(
                ("profiles", name), "item.depends", Place(draft.path), message, "mend that policy"
            )
            continue
        resolved = _resolve_profile(name, draft, needs)
        if resolved is not None:
            own[name] = resolved
    flat = _Flattening(own, needs).flatten_all()
    neighbours = Neighbours(drafts=needs.drafts, plugins=needs.plugins, lost=needs.ledger.lost)
    return {name: _finish(name, inheriting, needs, neighbours) for name, inheriting in flat.items()}


def _resolve_profile(name: str, draft: ProfileDraft, needs: ProfileNeeds) -> Inheriting | None:
    key: ItemKey = ("profiles", name)
    ledger = needs.ledger
    place = Place(draft.path, draft.line)
    if not needs.policies.can_be_said(key, draft.unsaid, place):
        return None
    prompts = _resolve_prompts(key, draft, needs)
    policies = needs.policies.resolve(draft.policies, key, draft.path)
    models = needs.models.resolve(draft.models, draft.path)
    if models is None:
        ledger.lose(key, "item.depends", place, "a model that it names is left out", "mend the model")
    if prompts is None or policies is None or models is None:
        return None
    file_id = compute_file_id(draft.path)
    tools: ToolSelection = AllTools()
    tools_policy = None
    if draft.tools is not None:
        resolved = needs.scope.resolve_list(draft.tools, path=draft.path, owner=name)
        tools = resolved.tools
        if resolved.rules is not None:
            tools_policy = needs.policies.add_own(f"{file_id}/tools", key, "deny", resolved.rules, draft)
            policies.append(tools_policy)
    if draft.rules:
        rules = needs.scope.resolve_rules(draft.rules, path=draft.path, owner=name)
        policies.append(needs.policies.add_own(f"{file_id}/rules", key, draft.rules_default, rules, draft))
    if any(("policies", policy) in ledger.lost for policy in policies):
        ledger.lose(key, "item.depends", place, "a policy that confines it is left out", "mend the policy")
        return None
    profile = Profile(
        title=draft.title,
        description=draft.description,
        origin=make_origin(draft.path, draft.dialect),
        tools=tools,
        prompts=prompts,
        models=models,
        model_required=True if draft.model_required is None else draft.model_required,
        policies={policy: Member() for policy in policies},
        skills=_resolve_names("skills", draft.skills, draft, needs),
        workflows=_resolve_names("workflows", draft.workflows, draft, needs),
        plugins=_resolve_plugins(draft, needs),
        asks=draft.asks,
        language=draft.language,
    )
    return Inheriting(profile=profile, mentions=draft.mentions, tools_policy=tools_policy)


def _resolve_prompts(key: ItemKey, draft: ProfileDraft, needs: ProfileNeeds) -> tuple[PromptUse, ...] | None:
    """Return the prompts it names and its own text; a missing one loses the profile, which is not the same without."""
    ledger = needs.ledger
    uses: list[PromptUse] = []
    for wish in draft.prompts:
        found = needs.indexes["prompts"].find(wish.written, draft.path)
        if len(found) == 1 and found[0] in needs.prompts:
            uses.append(PromptUse(prompt=found[0]))
            continue
        reason = f"may be any of {', '.join(found[:4])}" if len(found) > 1 else "is not to be had"
        message = f"the prompt `{show_name(wish.written)}` {reason}"
        ledger.lose(
            key, "reference.unresolved", Place(draft.path, wish.line), message, "name a prompt by its id"
        )
        return None
    if draft.body.strip():
        own = compute_file_id(draft.path)
        if ("prompts", own) in ledger.lost:
            place = Place(draft.path, draft.line)
            ledger.lose(key, "item.depends", place, "its own text is left out", "mend the text")
            return None
        text = PromptDraft(path=draft.path, dialect=draft.dialect, body=draft.body, title=draft.title)
        needs.prompts[own] = make_prompt(text, own, (), ledger)
        uses.append(PromptUse(prompt=own))
    return tuple(uses)


def _resolve_names(
    section: str, wishes: Iterable[NameWish], draft: ProfileDraft, needs: ProfileNeeds
) -> dict[str, Ask]:
    """Return ids by name; a name that leads nowhere is left out of the list."""
    asks: dict[str, Ask] = {}
    for wish in wishes:
        found = needs.indexes[section].find(wish.written, draft.path)
        if len(found) == 1 and (section, found[0]) not in needs.ledger.lost:
            asks[found[0]] = Ask()
            continue
        reason = f"may be any of {', '.join(found[:4])}" if len(found) > 1 else "is not to be had"
        needs.ledger.report(
            "warning",
            "reference.unresolved",
            Place(draft.path, wish.line),
            f"`{show_name(wish.written)}` in `{section}` {reason}; left out",
            "name an item of the workspace by its id",
        )
    return asks


def _resolve_plugins(draft: ProfileDraft, needs: ProfileNeeds) -> dict[str, Ask]:
    asks: dict[str, Ask] = {}
    for wish in draft.plugins:
        plugin = wish.written if ":" in wish.written else f"workspace:{wish.written}"
        if plugin in needs.plugins:
            asks[plugin] = Ask()
        else:
            needs.ledger.report(
                "warning",
                "reference.unresolved",
                Place(draft.path, wish.line),
                f"`{show_name(wish.written)}` in `plugins` is not to be had; left out",
                "name a plugin as `workspace:DIRECTORY` or `host:NAME`",
            )
    return asks


class _Flattening:
    """Flattens each profile once, its parent before it."""

    def __init__(self, own: Mapping[str, Inheriting], needs: ProfileNeeds) -> None:
        self._own = own
        self._needs = needs
        self._flat: dict[str, Inheriting | None] = {}

    def flatten_all(self) -> dict[str, Inheriting]:
        for name in self._own:
            self._flatten(name, ())
        return {name: flat for name in self._own if (flat := self._flat[name]) is not None}

    def _flatten(self, name: str, below: tuple[str, ...]) -> Inheriting | None:
        if name in self._flat:
            return self._flat[name]
        draft = self._needs.drafts.profiles[name]
        if draft.extends is None:
            self._flat[name] = self._own[name]
        elif name in below:
            self._lose_cycle(below[below.index(name) :])
        else:
            parent = self._find_parent(name, draft, (*below, name))
            if name not in self._flat:
                self._flat[name] = None if parent is None else self._join(name, parent)
        return self._flat[name]

    def _lose_cycle(self, names: tuple[str, ...]) -> None:
        for name in names:
            wish = self._needs.drafts.profiles[name].extends
            place = Place(self._needs.drafts.profiles[name].path, wish.line if wish else 0)
            message = f"inherits from itself: {' → '.join((*names, names[0]))}"
            self._needs.ledger.lose(
                ("profiles", name), "profile.cycle", place, message, "take out one `extends`"
            )
            self._flat[name] = None

    def _find_parent(self, name: str, draft: ProfileDraft, below: tuple[str, ...]) -> Inheriting | None:
        written = draft.extends.written if draft.extends is not None else ""
        line = draft.extends.line if draft.extends is not None else 0
        if written.startswith(BUILTIN_PREFIX):
            builtin = self._needs.builtins.manifest.profiles.get(written.removeprefix(BUILTIN_PREFIX))
            if builtin is not None:
                return Inheriting(profile=builtin)
            found: tuple[str, ...] = ()
        else:
            found = self._needs.indexes["profiles"].find(written, draft.path)
        if len(found) == 1 and found[0] in self._own:
            parent = self._flatten(found[0], below)
            if parent is not None or name in self._flat:
                return parent
        message = f"the profile `{show_name(written)}` that it extends is not to be had"
        self._needs.ledger.lose(
            ("profiles", name),
            "reference.unresolved",
            Place(draft.path, line),
            message,
            "name a profile by its id, or `builtin:NAME`",
        )
        return None

    def _join(self, name: str, parent: Inheriting) -> Inheriting:
        draft = self._needs.drafts.profiles[name]
        joined = flatten_profile(self._own[name], parent, self._needs.policies.policies)
        if joined.widened and draft.extends is not None:
            self._needs.ledger.report(
                "warning",
                "profile.widens",
                Place(draft.path, draft.extends.line),
                f"has more than the profile it extends: {', '.join(joined.widened[:12])}",
                "take it out, or keep it if it is meant",
            )
        return joined


def _finish(name: str, inheriting: Inheriting, needs: ProfileNeeds, neighbours: Neighbours) -> Profile:
    profile = inheriting.profile
    draft = needs.drafts.profiles[name]
    asks = add_asks(profile.asks, needs.asks)
    if draft.dialect != "yoi":
        asks = add_asks(asks, compute_implied_asks(profile.tools))
        profile = neighbours.add_to(profile, draft.path)
    policies = dict.fromkeys((*needs.governing.policies, *profile.policies), Member())
    return replace(profile, asks=asks, policies=policies)
