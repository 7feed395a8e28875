"""Which file a layer's word stands in, for people who want to change it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct
from rich.text import Text

from worker_runtime.host.policy.file import HostPolicyInvalidError, load_host_policy
from worker_runtime.resolution.decision import Layer, Step
from yoi.render.console import join_text
from yoi.runtime.rule_lines import find_rule_line
from yoi_bundle.closure import list_items
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Manifest, Rule
from yoi_bundle.rule_text import format_rule

WORKSPACE_FILE = ".yoi/workspace.toml"


@dataclass(frozen=True, kw_only=True)
class Places:
    """The files behind one explanation.

    Attributes:
        host_policy_file: This host's policy.
        origins: For each item's pointer into the manifest, the file it was written in.
        rules: For each rule's pointer into the manifest, the rule.
    """

    host_policy_file: str
    origins: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)

    def find_origin(self, pointer: str) -> tuple[str, str]:
        """Return the file of the item that a pointer leads into, and the rest of the pointer; empty for no file."""
        steps = pointer.split("/")
        for length in range(len(steps), 1, -1):
            origin = self.origins.get("/".join(steps[:length]))
            if origin is not None:
                return origin, "/".join(steps[length:])
        return "", pointer


def find_places(manifest: Manifest, host_policy_file: str) -> Places:
    """Collect the files that a bundle's items were written in."""
    items = list(list_items(manifest))
    origins = {pointer: decode_path(item.origin.path) for pointer, item in items if item.origin is not None}
    rules = {
        f"{pointer}/rules/{rule_id}": rule
        for pointer, item in items
        for rule_id, rule in getattr(item, "rules", {}).items()
    }
    return Places(host_policy_file=host_policy_file, origins=origins, rules=rules)


class WrittenRule(Struct, frozen=True, kw_only=True):
    """A rule of tool policy as a file says it.

    Attributes:
        file: Empty for one that no file is known of.
        line: From 1; 0 where it cannot be found in the file, whose words are then ours.
    """

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}, `{self.words}`" if place else f"`{self.words}`"


def find_written_rule(layer: str, pointer: str, places: Places) -> WrittenRule | None:
    """Return the rule that a pointer of a layer leads to; None where it leads to something else."""
    if layer == "host_policy":
        file = places.host_policy_file
        rule = dict(_list_host_rules(Path(file))).get(pointer)
    else:
        file = places.find_origin(pointer)[0]
        rule = places.rules.get(pointer) if layer == "bundle" else None
    return None if rule is None else write_rule(file, rule)


def write_rule(file: str, rule: Rule) -> WrittenRule:
    """Return a rule with its line and words in a file, as far as they are to be found there."""
    line, words = (find_rule_line(Path(file), rule) if file else None) or (0, format_rule(rule))
    return WrittenRule(file=file, line=line, words=words)


def _list_host_rules(path: Path) -> Iterator[tuple[str, Rule]]:
    """Yield the rules of a host policy by their pointers; ids follow from the words, so that tables need not be told apart."""
    try:
        document = load_host_policy(path)
    except (OSError, HostPolicyInvalidError):
        return
    for grant in document.grants:
        yield from ((f"/tools/rules/{rule_id}", rule) for rule_id, rule in grant.policy.tools.rules.items())


def describe_gap(host_policy_file: str, issuer: str, workspace: str) -> tuple[Text, ...]:
    """Say, line by line, that a host policy has no table for a workspace, which explains all that is withheld."""
    said = f" for ({issuer}, {workspace}) and grants it nothing: add to {host_policy_file}, with the grants below it:"
    return (
        join_text(("host policy has no table", "bold red"), said),
        join_text("    [[workspace]]"),
        join_text(f"    issuer = {json.dumps(issuer)}"),
        join_text(f"    id = {json.dumps(workspace)}"),
    )


def say_gap_remedy(host_policy_file: str, issuer: str, workspace: str) -> str:
    """Say the same in one line, as what to do about a refusal."""
    lines = f"[[workspace]] with issuer = {json.dumps(issuer)} and id = {json.dumps(workspace)}"
    return f"host policy has no table for ({issuer}, {workspace}): add {lines} to {host_policy_file}"


def find_place(step: Step, places: Places) -> str:
    """Say where the word of a layer can be changed: a file and the place in it, or who to ask."""
    others: dict[Layer, str] = {"host_facts": "on this host", "intent": "in the request"}
    if step.layer in others:
        return others[step.layer]
    if step.layer == "needs":
        return decode_path(step.pointer.removeprefix("/").replace("/", " ", 1)) or "said in this explanation"
    rule = find_written_rule(step.layer, step.pointer, places)
    if rule is not None:
        return str(rule)
    if step.layer == "host_policy":
        return f"{places.host_policy_file}, {decode_path(step.pointer)}"
    origin, rest = places.find_origin(step.pointer)
    if origin:
        return f"{origin}, {decode_path(rest)}" if rest else origin
    return f"{WORKSPACE_FILE}, {decode_path(step.pointer.removeprefix('/'))}"
