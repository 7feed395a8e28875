"""Placement rules, labels and lifetimes as people type them."""

from pathlib import Path

import click
import pytest

from yoi.backend.placement_rules import add_rule, parse_rule, read_rules, remove_rule
from yoi.shell.labels import parse_pairs
from yoi.shell.lifetimes import parse_lifetime
from yoi_wire.errors import RequestInvalidError


def test_a_short_rule_names_a_runtime_or_its_labels() -> None:
    assert parse_rule("allow", "library=lab") == {
        "effect": "allow",
        "workspaces": ["library"],
        "runtimes": ["lab"],
    }
    assert parse_rule("deny", "*=site:north,room:attic") == {
        "effect": "deny",
        "workspaces": ["*"],
        "runtimes": ["*"],
        "labels": {"site": "north", "room": "attic"},
    }
    for text in ("library", "=lab", "library="):
        with pytest.raises(click.UsageError):
            parse_rule("allow", text)


def test_the_same_rule_is_added_once_and_another_one_never_takes_its_place() -> None:
    first, other = parse_rule("allow", "library=a:b-c"), parse_rule("allow", "library=a-b:c")
    rules = add_rule(add_rule([], first), first)
    assert [one["id"] for one in rules] == ["allow-library-a-b-c"]
    assert add_rule([{**rules[0], "visibility": [], "labels": {"a": "b-c"}}], first)[1:] == []
    both = add_rule(rules, other)
    assert [one["id"] for one in both] == ["allow-library-a-b-c", "allow-library-a-b-c-2"]
    assert remove_rule(both, "allow-library-a-b-c") == both[1:]
    with pytest.raises(RequestInvalidError):
        remove_rule(both, "none")


def test_rules_are_read_from_toml_and_from_what_list_prints(tmp_path: Path) -> None:
    toml, json = tmp_path / "rules.toml", tmp_path / "rules.json"
    toml.write_text('[[rules]]\nid = "one"\neffect = "deny"\nworkspaces = ["*"]\nruntimes = ["lab"]\n')
    rule = {"id": "one", "effect": "deny", "workspaces": ["*"], "runtimes": ["lab"]}
    assert read_rules(toml) == ([rule], None)
    json.write_text('{"generation": 3, "rules": []}')
    assert read_rules(json) == ([], 3)
    json.write_text('{"rule": []}')
    for path in (json, tmp_path / "none.toml"):
        with pytest.raises(RequestInvalidError):
            read_rules(path)


def test_labels_have_a_key_and_each_key_once() -> None:
    assert parse_pairs(["a=b", "c=", "d=e=f"]) == {"a": "b", "c": "", "d": "e=f"}
    for texts in (["a"], ["=b"], ["a=1", "a=2"]):
        with pytest.raises(click.UsageError):
            parse_pairs(texts)


def test_a_lifetime_is_a_number_with_its_unit() -> None:
    assert [parse_lifetime(text) for text in ("30s", "5m", "12h", "90d", "2w")] == [
        30,
        300,
        43200,
        7776000,
        1209600,
    ]
    for text in ("", "90", "0d", "-1d", "1y", "1.5d", "１d"):
        with pytest.raises(click.UsageError):
            parse_lifetime(text)
