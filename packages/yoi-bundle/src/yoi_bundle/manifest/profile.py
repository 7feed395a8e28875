"""Profiles: recipes for a Worker, flat by the time they stand in a manifest (B-10)."""

from typing import TypeAlias

from msgspec import Struct

from yoi_bundle.identifiers import ItemId, LanguageTag, PluginId, ToolPattern
from yoi_bundle.manifest.capabilities import NO_ASKS, Ask, Asks, Member
from yoi_bundle.manifest.item import Item


class AllTools(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="all"):
    """Every tool of the manifest that is not private to another profile."""


class ToolList(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="list",
):
    """Just these tools; an empty list is none. A list that loses members stays a list."""

    tools: dict[ToolPattern, Ask] = {}


ToolSelection: TypeAlias = AllTools | ToolList


class PromptUse(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    prompt: ItemId
    required: bool = True


class Profile(Item, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A recipe for a Worker.

    Attributes:
        tools: Which tools exist for the Worker; whether a call passes is for `policies`.
        prompts: In the order in which the model reads them.
        models: In order of preference; the first that the host gives is used. Empty leaves the choice to the host.
        model_required: Whether a Worker without any of `models` is refused.
        policies: Layers of tool policy; each has a vote of its own.
        skills: Skills the Worker may load.
        workflows: Workflows the Worker may run.
        plugins: Plugins whose surfaces the Worker may use.
        language: The language to answer in; absent for the bundle's.
    """

    tools: ToolSelection
    prompts: tuple[PromptUse, ...] = ()
    models: tuple[ItemId, ...] = ()
    model_required: bool = True
    policies: dict[ItemId, Member] = {}
    skills: dict[ItemId, Ask] = {}
    workflows: dict[ItemId, Ask] = {}
    plugins: dict[PluginId, Ask] = {}
    asks: Asks = NO_ASKS
    language: LanguageTag | None = None
