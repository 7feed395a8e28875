"""What people see of rules and of items without their tool: words, files and lines instead of ids."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from worker_runtime.resolution.decision import Decision, Step
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.payloads import GrantedPolicy
from worker_runtime.resolution.spec import SpecFrame
from yoi.render.diff import BothPlaces, print_diff
from yoi.render.tree import make_explanation_tree
from yoi.render.worker_explanation import make_passed_on_tree
from yoi.runtime.where_to_change import Places, find_place
from yoi_bundle.diff import BundleDiff, Change
from yoi_bundle.manifest import Policy, compute_rule_id
from yoi_bundle.rule_text import parse_rule
from yoi_wire.backend.explanations import DecisionView, ExplanationView, FrameView, StepView

_RULE = parse_rule("deny file.read(path: .env)")
_POINTER = f"/policies/desk/rules/{compute_rule_id(_RULE)}"
_FRAME = {
    "selector": "x",
    "profile": "workspace:x",
    "source": "bundle",
    "digest": "sha256:" + "0" * 64,
    "workspace": "library",
    "resolver_version": "1",
}


def _print(shown: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    file = tmp_path / "workspace.toml"
    file.write_text('[policies.desk]\nrules = [\n  "deny file.read(path: .env)",\n]\n', encoding="utf-8")
    policy = tmp_path / "host-policy.toml"
    policy.write_text(
        'version = 1\n[[workspace]]\nissuer = "local"\nid = "library"\n'
        '[workspace.tools]\nrules = [\n  "deny file.read(path: .env)",\n]\n',
        encoding="utf-8",
    )
    return Places(
        host_policy_file=str(policy),
        origins={"/policies/desk": str(file)},
        rules={_POINTER: _RULE},
    )


def test_a_rule_is_named_by_file_line_and_words_and_never_by_its_id(places: Places) -> None:
    of_bundle = find_place(Step("bundle", "withholds", _POINTER, "bundle.policy_denies"), places)
    assert of_bundle == f"{places.origins['/policies/desk']}:3, `deny file.read(path: .env)`"
    pointer = f"/tools/rules/{compute_rule_id(_RULE)}"
    of_host = find_place(Step("host_policy", "withholds", pointer, "host_policy.tools_deny"), places)
    assert of_host == f"{places.host_policy_file}:7, `deny file.read(path: .env)`"
    default = find_place(Step("host_policy", "withholds", "/tools/default", "host_policy.tools_deny"), places)
    assert default == f"{places.host_policy_file}, /tools/default"


@pytest.mark.req("B-12")
def test_a_diff_writes_rules_out_with_their_place(places: Places) -> None:
    value = '{"effect":"deny","tool":"file.read","where":{"argument":"path","kind":"path","pattern":".env"}}'
    change = Change(
        section="policies", item="desk", pointer=_POINTER, change_class="narrowing", after=value, before="{"
    )
    console = Console(file=io.StringIO(), width=200)
    nowhere = Places(host_policy_file="")
    print_diff(console, BundleDiff(old="a", new="b", changes=(change,)), BothPlaces(nowhere, places))
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert "narrowing /policies/desk, a rule\n" in said
    assert f"+ deny file.read(path: .env)  ({places.origins['/policies/desk']}:3)" in said
    assert "    - {\n" in said
    assert "deny-" not in said


@pytest.mark.req("S-03")
@pytest.mark.parametrize(("kind", "tool"), [("workflow", "workflow.run"), ("skill", "skill.use")])
def test_what_only_a_tool_reaches_is_not_said_to_be_usable_without_it(kind: str, tool: str) -> None:
    outcomes = {"denied": "may not use", "granted": "may use"}
    for outcome, expected in outcomes.items():
        verdict = "withholds" if outcome == "denied" else "gives"
        rule = "host_policy.silent" if outcome == "denied" else "host_policy.grants"
        mine = explain_two(kind, tool, outcome, verdict, rule)
        theirs = pass_on_two(kind, tool, outcome, verdict, rule)
        for said in (
            _print(make_explanation_tree(mine, Places(host_policy_file="p"))),
            _print(make_passed_on_tree(theirs)),
        ):
            branches = said.split("may not use")
            assert ("close-up" in branches[0]) is (expected == "may use"), said
            assert (f"no tool {tool}" in said) is (expected == "may not use"), said


def explain_two(kind: str, tool: str, outcome: str, verdict: str, rule: str) -> Explanation:
    step = Step("host_policy", verdict, "/x", rule)  # type: ignore[arg-type]
    return Explanation(
        frame=SpecFrame(**_FRAME),  # type: ignore[arg-type]
        resolution_digest="",
        decisions=(
            Decision(kind="tool", id=tool, outcome=outcome, steps=(step,)),  # type: ignore[arg-type]
            Decision(kind=kind, id="close-up", outcome="granted"),  # type: ignore[arg-type]
        ),
    )


def pass_on_two(kind: str, tool: str, outcome: str, verdict: str, rule: str) -> ExplanationView:
    step = StepView(layer="host_policy", verdict=verdict, pointer="/x", rule=rule, sentence="")
    return ExplanationView(
        frame=FrameView(**_FRAME),
        resolution_digest=None,
        decisions=(
            DecisionView(kind="tool", id=tool, outcome=outcome, required=False, steps=(step,)),
            DecisionView(kind=kind, id="close-up", outcome="granted", required=False, steps=()),
        ),
        secrets={},
        refused=(),
    )


@pytest.mark.req("S-03")
def test_an_explanation_names_the_tools_whose_calls_ask() -> None:
    texts = (
        "allow shell.run(command exact: npm test)",
        "allow file.read(path: **)",
        "allow file.search",
        "deny web.fetch",
    )
    rules = [parse_rule(text) for text in texts]
    policy = Policy(default="ask", rules={compute_rule_id(rule): rule for rule in rules})
    deny = parse_rule("deny notebook.edit")
    host = Policy(default="allow", rules={compute_rule_id(deny): deny})
    tools = [
        Decision(kind="tool", id=tool, outcome="granted")
        for tool in ("file.edit", "file.search", "notebook.edit", "shell.run", "web.fetch")
    ]
    layers = [
        Decision(kind="policy", id=layer.id, outcome="granted", effective=layer)
        for layer in (
            GrantedPolicy(id="settings", layer="bundle", policy=policy),
            GrantedPolicy(id="host", layer="host_policy", policy=host),
        )
    ]
    shown = [
        _print(
            make_explanation_tree(
                Explanation(frame=SpecFrame(**_FRAME), resolution_digest="", decisions=tuple(decisions)),
                Places(host_policy_file="x"),
            )
        )
        for decisions in ([*tools, *layers], tools)
    ]
    assert "asks before each call that no rule allows\n" in shown[0]
    assert "tools: file.edit, shell.run\n" in shown[0]
    assert "asks before" not in shown[1]
