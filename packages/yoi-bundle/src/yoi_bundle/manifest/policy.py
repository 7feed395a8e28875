"""Tool policy: rules whose strictest matching verdict holds within a layer (S-11)."""

import hashlib
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.canonical import encode_canonical
from yoi_bundle.identifiers import ArgumentName, HostPattern, MountName, ToolPattern
from yoi_bundle.manifest.canonical_struct import CanonicalStruct
from yoi_bundle.manifest.item import Item

Effect: TypeAlias = Literal["deny", "ask", "allow"]
RuleId: TypeAlias = Annotated[str, Meta(pattern=r"^(?:deny|ask|allow)-[0-9a-f]{16}$", max_length=22)]
DEFAULT_EFFECT: Effect = "deny"
DEFAULT_MOUNT = "workspace"
PatternText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4096)]


class ExactMatch(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="exact"
):
    """The argument is just this text. A shell command is compared word by word."""

    argument: ArgumentName
    value: PatternText


class PrefixMatch(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="prefix"
):
    """The argument is this text, or goes on after it at a word boundary: `git push` admits `git push origin`."""

    argument: ArgumentName
    value: PatternText


class GlobMatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="glob"):
    """`*` stands for any run of characters, the empty one too; everything else for itself."""

    argument: ArgumentName
    pattern: PatternText


class PathMatch(
    CanonicalStruct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="path",
):
    """A path below a mount. `*` stays in its segment, `**` crosses segments; a directory holds all below it.

    Attributes:
        mount: The mount the pattern starts from; `workspace` is where the Worker works.
    """

    argument: ArgumentName
    pattern: PatternText
    mount: MountName = DEFAULT_MOUNT


class HostPathMatch(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="host_path"
):
    """An absolute or home path on the host, with `*` and `**`; for deny and ask rules only (B-08)."""

    argument: ArgumentName
    pattern: PatternText


class DomainMatch(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="domain"
):
    """The argument is a URL whose host fits the pattern."""

    argument: ArgumentName
    host: HostPattern


Match: TypeAlias = ExactMatch | PrefixMatch | GlobMatch | PathMatch | HostPathMatch | DomainMatch


class Rule(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One verdict on calls of some tools, on all their calls or those whose argument matches."""

    effect: Effect
    tool: ToolPattern
    where: Match | None = None


class Policy(Item, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A layer of rules. Any matching deny wins, then ask, then allow; a call that none matches gets `default`.

    Attributes:
        rules: Keyed by `compute_rule_id`, so that the same rule is there once.
    """

    default: Effect = DEFAULT_EFFECT
    rules: dict[RuleId, Rule] = {}


def compute_rule_id(rule: Rule) -> str:
    """Return the key under which a rule stands: its effect and 16 digits of the SHA-256 of its canonical form."""
    return f"{rule.effect}-{hashlib.sha256(encode_canonical(rule)).hexdigest()[:16]}"
