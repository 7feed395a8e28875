"""Which items of a host plan are decided before facts and needs are known, so that each Worker decides only the rest.

With a silent intent most items of a profile are: prompts, skills, policies, limits, tools without a secret, a plugin, a
command or a built-in's needs. A test compares this short way with the long one.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from worker_runtime.resolution.candidate import Candidate
from worker_runtime.resolution.decision import Decision, Kind
from worker_runtime.resolution.payloads import GrantedTool
from yoi_bundle.manifest import BuiltinTool, McpServer, StdioServer
from yoi_bundle.selection import FILE_TOOL_ACCESS
from yoi_bundle.vocabulary import BUILTIN_TOOLS

Key: TypeAlias = tuple[Kind, str]

KINDS: tuple[Kind, ...] = (
    "profile",
    "model",
    "prompt",
    "tool",
    "policy",
    "skill",
    "workflow",
    "plugin",
    "surface",
    "permission",
    "secret",
    "mount",
    "network",
    "host",
    "limit",
)
_KIND_ORDER = {kind: position for position, kind in enumerate(KINDS)}
_SETTLED_KINDS: frozenset[Kind] = frozenset({"profile", "prompt", "policy", "skill", "limit"})

NETWORK_TOOLS = frozenset({"web.fetch"})
"""Built-in tools that reach a host of the Worker's network; a search asks the host's own search service."""

TEXT_TOOLS: dict[str, Kind] = {"skill.use": "skill", "workflow.run": "workflow"}
"""Built-in tools that are of no use without an item of this kind."""

NEEDY_TOOLS = (
    NETWORK_TOOLS
    | TEXT_TOOLS.keys()
    | FILE_TOOL_ACCESS.keys()
    | {name for name, entry in BUILTIN_TOOLS.items() if entry.needs}
)


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
    settled = [one for one in candidates if _is_settled(one, secrets_of)]
    done = {one.key for one in settled}
    return SettledItems(
        items={one.key: one for one in candidates},
        decisions={one.key: one.decide() for one in settled},
        pending=tuple(one for one in candidates if one.key not in done),
        order=tuple(sorted((one.key for one in candidates), key=get_order)),
    )


def get_order(key: Key) -> tuple[int, str]:
    """Return what decisions are sorted by: kind, then id."""
    kind, name = key
    return _KIND_ORDER[kind], name


def _is_settled(candidate: Candidate, secrets_of: Mapping[Key, tuple[str, ...]]) -> bool:
    if candidate.kind in _SETTLED_KINDS:
        return True
    tool = candidate.payload
    if not isinstance(tool, GrantedTool) or candidate.key in secrets_of:
        return False
    declaration = tool.declaration
    if isinstance(declaration, BuiltinTool):
        return candidate.id not in NEEDY_TOOLS
    if isinstance(declaration, McpServer):
        return declaration.plugin is None and not isinstance(declaration.transport, StdioServer)
    return True
