"""Placement rules as people write them: a TOML or JSON file of all rules, or one short rule on the command line (K-03)."""

from pathlib import Path
from typing import Any, TypeAlias

import click
import msgspec

from yoi.shell.labels import parse_pairs
from yoi_wire.errors import RequestInvalidError

Rule: TypeAlias = dict[str, Any]
"""A rule in the Backend's own form: what this version does not know of it is passed on rather than lost."""

_MAX_BYTES = 4 * 1024 * 1024


class _RulesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: rules in the Backend's own form; `generation` may stand there, as `list --json` prints it."""

    rules: list[Rule]
    generation: int | None = None


def read_rules(path: Path) -> tuple[list[Rule], int | None]:
    """Return the rules of a file, and the generation that it names.

    Raises:
        RequestInvalidError: It cannot be read, or is neither; what a rule says is checked by the Backend.
    """
    try:
        data = path.read_bytes()[: _MAX_BYTES + 1]
        decode = msgspec.json.decode if path.suffix == ".json" else msgspec.toml.decode
        found = decode(data, type=_RulesFile)
    except OSError as error:
        raise RequestInvalidError(error.strerror or "cannot be read", field=str(path)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalidError(f"no placement rules: {error}", field=path.name) from None
    return found.rules, found.generation


def parse_rule(effect: str, text: str) -> Rule:
    """Return the rule of `WORKSPACE=RUNTIME`, or of `WORKSPACE=KEY:VALUE,…` for Runtimes by labels; `*` is any.

    Raises:
        UsageError: It is neither.
    """
    workspace, equals, target = text.partition("=")
    if not equals or not workspace or not target:
        raise click.UsageError(f"--{effect} takes WORKSPACE=RUNTIME or WORKSPACE=KEY:VALUE,…")
    rule: Rule = {"effect": effect, "workspaces": [workspace]}
    if ":" in target:
        rule |= {"runtimes": ["*"], "labels": parse_pairs(_write_pair(one) for one in target.split(","))}
    else:
        rule["runtimes"] = [target]
    return rule


def add_rule(rules: list[Rule], rule: Rule) -> list[Rule]:
    """Return the rules with one more, under an id that says what it does; one that is there already is not added."""
    if any(_normalise(one) == _normalise(rule) for one in rules):
        return rules
    taken = {one["id"] for one in rules}
    name = _describe(rule)
    free = (
        name
        if name not in taken
        else next(text for number in range(2, len(rules) + 3) if (text := f"{name}-{number}") not in taken)
    )
    return [*rules, {"id": free, **rule}]


def remove_rule(rules: list[Rule], name: str) -> list[Rule]:
    """Return the rules without one.

    Raises:
        RequestInvalidError: There is none of this id.
    """
    kept = [one for one in rules if one["id"] != name]
    if len(kept) == len(rules):
        raise RequestInvalidError(f"no rule {name}", field="remove")
    return kept


def _write_pair(text: str) -> str:
    key, _, value = text.partition(":")
    return f"{key}={value}"


def _normalise(rule: Rule) -> Rule:
    """A field at its default may be absent."""
    return {name: value for name, value in rule.items() if name != "id" and value}


def _describe(rule: Rule) -> str:
    labels = [f"{key}-{value}" for key, value in rule.get("labels", {}).items()]
    words = [rule["effect"], *rule["workspaces"], *(labels or rule["runtimes"])]
    text = "-".join("any" if word == "*" else word.lower() for word in words)
    return "".join(one if one.isascii() and (one.isalnum() or one in "._-") else "-" for one in text)[:100]
