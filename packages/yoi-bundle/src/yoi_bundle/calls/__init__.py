"""Tool calls and the verdicts of tool policy on them (S-11); pure."""

from yoi_bundle.calls.call import ToolCall, Verdict, find_strictest, is_stricter
from yoi_bundle.calls.policy import CompiledPolicy, compute_policy_verdict, compute_verdict
from yoi_bundle.calls.tools import matches_tool_call
from yoi_bundle.calls.urls import Origin, find_origin, matches_origin, parse_host_pattern

__all__ = [
    "CompiledPolicy",
    "Origin",
    "ToolCall",
    "Verdict",
    "compute_policy_verdict",
    "compute_verdict",
    "find_origin",
    "find_strictest",
    "is_stricter",
    "matches_origin",
    "matches_tool_call",
    "parse_host_pattern",
]
