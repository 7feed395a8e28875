"""Placement: deny wins, order does not matter, silence gives a remote Runtime nothing."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yoi_wire.backend.placements import PlacementPolicy, PlacementRule
from yoi_workspace_server.placement import PlacedRuntime, PlacedWorkspace, decide_placement, may_receive

_WORKSPACES = ("archive", "library", "shop")
_RUNTIMES = ("laptop", "ci", "customer")
_LABELS = st.dictionaries(st.sampled_from(["zone", "tier"]), st.sampled_from(["a", "b"]), max_size=2)
_VISIBILITY = st.sampled_from(["private", "internal", "public"])


def _some(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from([*names, "*"]), min_size=1, max_size=2, unique=True).map(tuple)


_RULES = st.lists(
    st.builds(
        PlacementRule,
        id=st.sampled_from([f"rule-{number}" for number in range(20)]),
        effect=st.sampled_from(["allow", "deny"]),
        workspaces=_some(_WORKSPACES),
        runtimes=_some(_RUNTIMES),
        visibility=st.lists(_VISIBILITY, max_size=2, unique=True).map(tuple),
        labels=_LABELS,
    ),
    max_size=6,
    unique_by=lambda rule: rule.id,
)
_PLACED_WORKSPACES = st.builds(PlacedWorkspace, id=st.sampled_from(_WORKSPACES), visibility=_VISIBILITY)
_PLACED_RUNTIMES = st.builds(
    PlacedRuntime,
    name=st.sampled_from(_RUNTIMES),
    kind=st.sampled_from(["embedded", "remote"]),
    labels=_LABELS,
)


@pytest.mark.req("K-03")
@given(rules=_RULES, workspace=_PLACED_WORKSPACES, runtime=_PLACED_RUNTIMES, seed=st.integers(0, 1000))
def test_the_order_of_rules_changes_no_decision(
    rules: list[PlacementRule], workspace: PlacedWorkspace, runtime: PlacedRuntime, seed: int
) -> None:
    shuffled = rules.copy()
    random.Random(seed).shuffle(shuffled)
    one = decide_placement(PlacementPolicy(rules=tuple(rules)), workspace, runtime)
    other = decide_placement(PlacementPolicy(rules=tuple(shuffled)), workspace, runtime)
    assert (one.allowed, one.rule, one.reason) == (other.allowed, other.rule, other.reason)


@pytest.mark.req("K-03")
@given(rules=_RULES, workspace=_PLACED_WORKSPACES, runtime=_PLACED_RUNTIMES)
def test_the_short_form_decides_like_the_explained_one(
    rules: list[PlacementRule], workspace: PlacedWorkspace, runtime: PlacedRuntime
) -> None:
    policy = PlacementPolicy(rules=tuple(rules))
    decision = decide_placement(policy, workspace, runtime)
    assert may_receive(policy, workspace, runtime) == decision.allowed
    assert [step.rule for step in decision.steps] == [rule.id for rule in rules]
    matching = {step.effect for step in decision.steps if step.matches}
    if "deny" in matching:
        assert not decision.allowed
    elif "allow" in matching:
        assert decision.allowed
    else:
        assert decision.allowed == (runtime.kind == "embedded")


@pytest.mark.req("K-03")
@given(rules=_RULES, workspace=_PLACED_WORKSPACES, runtime=_PLACED_RUNTIMES)
def test_a_further_deny_rule_never_lets_anything_pass(
    rules: list[PlacementRule], workspace: PlacedWorkspace, runtime: PlacedRuntime
) -> None:
    everywhere = PlacementRule(id="stop", effect="deny", workspaces=("*",), runtimes=("*",))
    policy = PlacementPolicy(rules=(*rules, everywhere))
    assert not decide_placement(policy, workspace, runtime).allowed


@pytest.mark.req("K-03")
def test_a_wildcard_does_not_send_a_private_workspace_away() -> None:
    rule = PlacementRule(id="all", effect="allow", workspaces=("*",), runtimes=("*",))
    runtime = PlacedRuntime(name="customer", kind="remote", labels={})
    private = PlacedWorkspace(id="archive", visibility="private")
    decision = decide_placement(PlacementPolicy(rules=(rule,)), private, runtime)
    assert not decision.allowed
    assert decision.steps[0].failed == "visibility"
    public = PlacedWorkspace(id="archive", visibility="public")
    assert decide_placement(PlacementPolicy(rules=(rule,)), public, runtime).rule == "all"


@pytest.mark.req("K-03")
def test_a_private_workspace_goes_where_a_rule_names_it_or_its_class() -> None:
    runtime = PlacedRuntime(name="customer", kind="remote", labels={"zone": "a"})
    private = PlacedWorkspace(id="archive", visibility="private")
    named = PlacementRule(id="named", effect="allow", workspaces=("archive",), runtimes=("customer",))
    classed = PlacementRule(
        id="class",
        effect="allow",
        workspaces=("*",),
        visibility=("private",),
        runtimes=("*",),
        labels={"zone": "a"},
    )
    for rule in (named, classed):
        assert decide_placement(PlacementPolicy(rules=(rule,)), private, runtime).allowed
    elsewhere = PlacedRuntime(name="customer", kind="remote", labels={"zone": "b"})
    decision = decide_placement(PlacementPolicy(rules=(classed,)), private, elsewhere)
    assert (decision.allowed, decision.steps[0].failed) == (False, "labels")
