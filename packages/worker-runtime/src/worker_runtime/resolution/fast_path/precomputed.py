"""Precomputed decisions of a host plan: each Worker decides only what facts and needs can still change (buys P-04, P-05).

With a silent intent most items of a profile are decided once host policy has spoken: prompts, skills, policies, limits,
tools without a secret, a plugin, a command or a built-in's needs. A property test compares this short way with the long
one.

What counts as settled skips the layers of facts and needs, so a wrong entry would grant what they withhold. `_is_settled`
is therefore a list of what needs nothing; whatever it does not name, such as a kind that comes later, is pending.
"""

from collections.abc import Mapping

from msgspec import Struct

from worker_runtime.resolution.decision import Candidate, Decision, Key, Kind, get_order
from worker_runtime.resolution.payloads import GrantedTool
from yoi_bundle.manifest import BuiltinTool, HostServer, HttpServer, HttpTool, McpServer

_SETTLED_KINDS: frozenset[Kind] = frozenset({"profile", "prompt", "policy", "skill", "limit"})
"""Kinds on which neither facts nor needs have a word."""

NETWORK_TOOLS = frozenset({"web.fetch"})
"""Built-in tools that reach a host of the Worker's network; a search asks the host's own search service."""

TEXT_TOOLS: dict[str, Kind] = {"skill.use": "skill", "workflow.run": "workflow"}
"""Built-in tools that are of no use without an item of this kind."""

SELF_SUFFICIENT_TOOLS = frozenset({"web.search", "agent.spawn", "task.track", "user.ask"})
"""Built-in tools that need no host capability, mount, network host, skill or workflow."""


class SettledItems(Struct, frozen=True, kw_only=True):
    """A host plan's items, split.

    Attributes:
        items: All of them, in the plan's order.
        decisions: Of the settled ones.
        pending: The others.
        order: All keys in the order of decisions.
    """

    items: dict[Key, Candidate]
    decisions: dict[Key, Decision]
    pending: tuple[Candidate, ...]
    order: tuple[Key, ...]


def settle_items(
    candidates: tuple[Candidate, ...], secrets_of: Mapping[Key, tuple[str, ...]]
) -> SettledItems:
    """Split a host plan's candidates."""
    settled = [item for item in candidates if _is_settled(item, secrets_of)]
    done = {item.key for item in settled}
    return SettledItems(
        items={item.key: item for item in candidates},
        decisions={item.key: item.decide() for item in settled},
        pending=tuple(item for item in candidates if item.key not in done),
        order=tuple(sorted((item.key for item in candidates), key=get_order)),
    )


def _is_settled(candidate: Candidate, secrets_of: Mapping[Key, tuple[str, ...]]) -> bool:
    if candidate.key in secrets_of:
        return False
    if candidate.kind in _SETTLED_KINDS:
        return True
    match candidate.payload:
        case GrantedTool(id=name, declaration=BuiltinTool()):
            return name in SELF_SUFFICIENT_TOOLS
        case GrantedTool(declaration=HttpTool()):
            return True
        case GrantedTool(declaration=McpServer(plugin=None, transport=HttpServer() | HostServer())):
            return True
        case _:
            return False
