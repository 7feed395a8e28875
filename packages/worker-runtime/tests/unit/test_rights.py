"""What is left of a grant when two sides give it differently (W-06)."""

import pytest

from worker_runtime.resolution.decision import Decision, Kind, Step
from worker_runtime.resolution.payloads import (
    Granted,
    GrantedLimit,
    GrantedMount,
    GrantedNetwork,
    GrantedSecret,
    GrantedTool,
)
from worker_runtime.resolution.rights import admits_all, compute_rights
from yoi_bundle.manifest import (
    Access,
    BuiltinTool,
    Effect,
    HostServer,
    McpServer,
    Policy,
    PrefixMatch,
    Rule,
    compute_rule_id,
)

pytestmark = pytest.mark.req("W-06")

SERVER = McpServer(transport=HostServer(name="files"))


def _mount(access: Access) -> GrantedMount:
    return GrantedMount(name="a", access=access)


def _limit(value: int | None) -> GrantedLimit:
    return GrantedLimit(name="turns", value=value)


def _network(*hosts: str) -> GrantedNetwork:
    return GrantedNetwork(asked="*.a.org", hosts=hosts)


def _secret(consumer: str) -> GrantedSecret:
    return GrantedSecret(name="S", consumer=consumer)


def _tool(*exposes: str) -> GrantedTool:
    return GrantedTool(id="mcp:files", declaration=SERVER, exposes=exposes or None)


def _decide(granted: Granted | None, kind: Kind = "tool") -> tuple[Decision, ...]:
    verdict = "gives" if granted is not None else "withholds"
    return (
        Decision(
            kind=kind,
            id="x",
            outcome="granted" if granted is not None else "denied",
            steps=(Step("host_policy", verdict, "/x", "host_policy.silent"),),  # type: ignore[arg-type]
            effective=granted,
        ),
    )


@pytest.mark.parametrize(
    ("pinned", "current", "left"),
    [
        (_mount("rw"), _mount("ro"), _mount("ro")),
        (_limit(None), _limit(3), _limit(3)),
        (_limit(7), _limit(3), _limit(3)),
        (_network("*.a.org"), _network("b.a.org"), _network("b.a.org")),
        (_network("b.a.org"), _network("c.a.org"), None),
        (_secret("model:x"), _secret("model:y"), None),
        (_tool(), _tool("read"), _tool("read")),
        (_tool("read", "write"), _tool("read", "delete"), _tool("read")),
        (_tool(), GrantedTool(id="mcp:files", declaration=BuiltinTool()), None),
        (_mount("rw"), None, None),
    ],
)
def test_what_is_less_than_it_was_is_left_less_and_told(
    pinned: Granted, current: Granted | None, left: Granted | None
) -> None:
    rights = compute_rights(_decide(pinned), _decide(current))
    assert rights.decisions[0].effective == left
    assert rights.decisions[0].outcome == ("denied" if left is None else "narrowed")
    assert [(reason.kind, reason.id) for reason in rights.lost] == [("tool", "x")]


@pytest.mark.parametrize(
    ("pinned", "current"),
    [
        (_mount("ro"), _mount("rw")),
        (_limit(3), _limit(None)),
        (_limit(3), _limit(7)),
        (_network("b.a.org"), _network("*.a.org")),
        (_tool("read"), _tool()),
        (_secret("model:x"), _secret("model:x")),
        (None, _mount("rw")),
    ],
)
def test_what_is_more_than_it_was_changes_nothing(pinned: Granted | None, current: Granted) -> None:
    before = _decide(pinned)
    rights = compute_rights(before, _decide(current))
    assert (rights.decisions, rights.lost) == (before, ())


def test_an_item_that_is_not_even_decided_on_any_more_is_lost() -> None:
    rights = compute_rights(_decide(_mount("ro")), ())
    assert rights.decisions[0].effective is None
    assert len(rights.lost) == 1


def _policy(default: Effect, *rules: tuple[Effect, str]) -> Policy:
    made = [
        Rule(effect=effect, tool="shell.run", where=PrefixMatch(argument="command", value=value))
        for effect, value in rules
    ]
    return Policy(default=default, rules={compute_rule_id(rule): rule for rule in made})


@pytest.mark.parametrize(
    ("earlier", "later", "admits"),
    [
        (_policy("deny", ("allow", "git")), _policy("deny", ("allow", "git")), True),
        (_policy("deny", ("allow", "git")), _policy("deny", ("allow", "git"), ("allow", "ls")), True),
        (_policy("deny", ("allow", "git"), ("deny", "rm")), _policy("deny", ("allow", "git")), True),
        (_policy("deny", ("ask", "git")), _policy("deny", ("allow", "git")), True),
        (_policy("deny", ("ask", "git")), _policy("ask"), True),
        (_policy("deny", ("allow", "git")), _policy("ask"), False),
        (_policy("deny", ("allow", "git")), _policy("deny"), False),
        (_policy("deny", ("allow", "git")), _policy("deny", ("ask", "git")), False),
        (_policy("deny", ("allow", "git")), _policy("deny", ("allow", "git"), ("deny", "git push")), False),
        (_policy("allow"), _policy("ask"), False),
    ],
)
def test_a_policy_admits_another_only_when_no_call_passes_it_less_freely(
    earlier: Policy, later: Policy, admits: bool
) -> None:
    assert admits_all(later, earlier) is admits
