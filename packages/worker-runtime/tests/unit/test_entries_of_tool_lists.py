"""What an entry of a list takes of servers and plugins whose ids have a slash (S-02)."""

import pytest

from worker_runtime.resolution.tool_rules import covers, find_blocker, index_rules
from yoi_bundle.manifest import Effect, Policy, Rule, compute_rule_id

pytestmark = pytest.mark.req("S-02")


@pytest.mark.parametrize(
    ("entry", "tool", "taken"),
    [
        ("mcp:a", "mcp:a", True),
        ("mcp:a/b", "mcp:a/b", False),
        ("mcp:a/b/*", "mcp:a/b", True),
        ("plugin:workspace:p", "plugin:workspace:p/t", True),
        ("plugin:workspace:p/t", "plugin:workspace:p/t", True),
        ("plugin:workspace:p/t", "plugin:workspace:p/t/u", False),
        ("plugin:workspace:p/t/*", "plugin:workspace:p/t/u", True),
    ],
)
def test_an_entry_takes_all_of_what_it_names_and_nothing_else(entry: str, tool: str, taken: bool) -> None:
    assert covers({entry}, tool) is taken


def _policy(default: Effect, effect: Effect, tool: str) -> Policy:
    rule = Rule(effect=effect, tool=tool)
    return Policy(default=default, rules={compute_rule_id(rule): rule})


def test_a_denial_takes_a_server_under_either_reading() -> None:
    rules = index_rules(_policy("allow", "deny", "mcp:a/b"), "/tools")
    assert find_blocker(rules, "mcp:a/b") is not None
    assert find_blocker(rules, "mcp:a", parts=["b"]) is not None


def test_a_permission_for_one_tool_is_none_for_the_server_of_that_name() -> None:
    rules = index_rules(_policy("deny", "allow", "mcp:a/b"), "/tools")
    assert find_blocker(rules, "mcp:a/b") == "/tools/default"
    assert find_blocker(rules, "mcp:a", parts=["b"]) is None
