"""Inheritance, flattened at build time (B-10).

What a child mentions replaces what the parent has; what it does not mention it takes over. But policies and rules
add up and limits take the minimum, so no child sheds a restriction, and prompts add up, the parent's first. Whatever
a child has beyond its parent is named in `Flattened.widened`, so that nothing widens silently.
"""

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.closure import matches_tool
from yoi_bundle.manifest import (
    AllTools,
    Asks,
    Policy,
    Profile,
    ToolSelection,
    WorkerLimits,
)

Value = TypeVar("Value")


class Inheriting(Struct, frozen=True, kw_only=True):
    """A profile before or after flattening.

    Attributes:
        mentions: Fields that its file gives a value, `asks.mounts` and the like among them.
        tools_policy: Id of the policy that goes with its tool list; replaced together with the list.
        widened: What it has beyond its parent, in words.
    """

    profile: Profile
    mentions: frozenset[str] = frozenset()
    tools_policy: str | None = None
    widened: tuple[str, ...] = ()


def flatten_profile(child: Inheriting, parent: Inheriting, policies: Mapping[str, Policy]) -> Inheriting:
    """Return the child with what it inherits; `parent` is flat already."""
    own, inherited = child.profile, parent.profile
    mentions = child.mentions
    prompts = {use.prompt: use for use in (*own.prompts, *inherited.prompts)}
    order = dict.fromkeys(use.prompt for use in (*inherited.prompts, *own.prompts))
    replaces_tools = "tools" in mentions
    dropped = {parent.tools_policy} if replaces_tools else set()
    profile = replace(
        own,
        prompts=tuple(prompts[name] for name in order),
        models=own.models if "models" in mentions else inherited.models,
        model_required=own.model_required if "model_required" in mentions else inherited.model_required,
        tools=own.tools if replaces_tools else inherited.tools,
        policies={name: use for name, use in inherited.policies.items() if name not in dropped}
        | own.policies,
        skills=own.skills if "skills" in mentions else inherited.skills,
        workflows=own.workflows if "workflows" in mentions else inherited.workflows,
        plugins=own.plugins if "plugins" in mentions else inherited.plugins,
        asks=_flatten_asks(own.asks, inherited.asks, mentions),
        language=own.language if "language" in mentions else inherited.language,
    )
    tools_policy = child.tools_policy if replaces_tools else parent.tools_policy
    widened = [
        *_find_wider_tools(profile.tools, inherited.tools),
        *_find_lost_arguments(parent.tools_policy if replaces_tools else None, child.tools_policy, policies),
        *_find_wider_names(profile, inherited),
    ]
    return Inheriting(profile=profile, mentions=mentions, tools_policy=tools_policy, widened=tuple(widened))


def take_least(one: WorkerLimits, other: WorkerLimits) -> WorkerLimits:
    """Return the stricter bound of each kind; an absent one bounds nothing."""

    def least(left: int | None, right: int | None) -> int | None:
        return left if right is None else right if left is None else min(left, right)

    return WorkerLimits(
        turns=least(one.turns, other.turns),
        tokens=least(one.tokens, other.tokens),
        seconds=least(one.seconds, other.seconds),
    )


def _flatten_asks(own: Asks, inherited: Asks, mentions: frozenset[str]) -> Asks:
    def choose(kind: str, left: Value, right: Value) -> Value:
        return left if f"asks.{kind}" in mentions else right

    return Asks(
        secrets=choose("secrets", own.secrets, inherited.secrets),
        mounts=choose("mounts", own.mounts, inherited.mounts),
        network=choose("network", own.network, inherited.network),
        host=choose("host", own.host, inherited.host),
        plugin_permissions=choose("plugin_permissions", own.plugin_permissions, inherited.plugin_permissions),
        limits=take_least(own.limits, inherited.limits),
    )


def _find_wider_tools(own: ToolSelection, inherited: ToolSelection) -> list[str]:
    if isinstance(inherited, AllTools):
        return []
    if isinstance(own, AllTools):
        return ["all tools"]
    return [
        f"tool `{pattern}`"
        for pattern in sorted(own.tools)
        if not any(_covers(held, pattern) for held in inherited.tools)
    ]


def _covers(held: str, pattern: str) -> bool:
    if held in (pattern, "*"):
        return True
    if held.startswith("mcp:") and held.endswith("/*"):
        return pattern.startswith(held[:-1])
    return "*" not in pattern and matches_tool(held, pattern)


def _find_lost_arguments(dropped: str | None, kept: str | None, policies: Mapping[str, Policy]) -> list[str]:
    """Name the tools that the parent's list confined to arguments which the child's does not confine to the same."""
    if dropped is None:
        return []
    before = policies[dropped].rules if dropped in policies else {}
    after = policies[kept].rules if kept is not None and kept in policies else {}
    confined = {rule.tool for rule in before.values() if rule.where is not None}
    free = {rule.tool for name, rule in after.items() if name not in before}
    lost = confined if not after else confined & free
    return [f"other arguments of `{tool}`" for tool in sorted(lost)]


def _find_wider_names(own: Profile, inherited: Profile) -> list[str]:
    wider = [
        f"{kind} `{name}`"
        for kind, mine, theirs in (
            ("skill", set(own.skills), set(inherited.skills)),
            ("workflow", set(own.workflows), set(inherited.workflows)),
            ("plugin", set(own.plugins), set(inherited.plugins)),
            ("secret", set(own.asks.secrets), set(inherited.asks.secrets)),
            ("network", set(own.asks.network), set(inherited.asks.network)),
            ("host", set(own.asks.host), set(inherited.asks.host)),
        )
        for name in sorted(mine - theirs)
    ]
    for name, mount in sorted(own.asks.mounts.items()):
        held = inherited.asks.mounts.get(name)
        if held is None or (mount.access == "rw" and held.access == "ro"):
            wider.append(f"mount `{name}` ({mount.access})")
    for plugin, permissions in sorted(own.asks.plugin_permissions.items()):
        extra = set(permissions) - set(inherited.asks.plugin_permissions.get(plugin, {}))
        wider.extend(f"permission `{name}` of `{plugin}`" for name in sorted(extra))
    return wider
