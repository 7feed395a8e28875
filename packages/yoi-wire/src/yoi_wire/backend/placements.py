"""Placement rules: what the Backend takes, and what it shows (K-03)."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.identifiers import WorkspaceId


class PlacementRuleView(Struct, frozen=True, kw_only=True):
    """A rule; see `yoi_workspace_server.placement.PlacementRule`."""

    id: str
    effect: str
    workspaces: tuple[str, ...]
    runtimes: tuple[str, ...]
    visibility: tuple[str, ...]
    labels: dict[str, str]


class PlacementPolicyView(Struct, frozen=True, kw_only=True):
    """All rules.

    Attributes:
        generation: Give it back with a change.
    """

    generation: int
    rules: tuple[PlacementRuleView, ...]


class PlacementStepView(Struct, frozen=True, kw_only=True):
    """What one rule said; `failed` is the first criterion that did not match."""

    rule: str
    effect: str
    failed: str | None


class PlacementDecisionView(Struct, frozen=True, kw_only=True):
    """Whether a Runtime may receive a workspace's bundle, and why."""

    workspace: str
    runtime: str
    allowed: bool
    reason: str
    rule: str | None
    steps: tuple[PlacementStepView, ...]


Visibility: TypeAlias = Literal["private", "internal", "public"]
RuntimeKind: TypeAlias = Literal["embedded", "remote"]
PlacementEffect: TypeAlias = Literal["allow", "deny"]

RuntimeName = WorkspaceId
"""What an operator calls a Runtime; the grammar of a workspace's id."""

Label: TypeAlias = Annotated[str, Meta(max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*(?!\n)$")]

NamePattern: TypeAlias = Annotated[str, Meta(max_length=128, pattern=r"^(?:\*|[a-z0-9][a-z0-9._-]*)(?!\n)$")]
"""A name in the grammar of a workspace's id, or `*` for any."""

MAX_RULES = 1000
MAX_LABELS = 64


class PlacementRule(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One rule; it matches when each of its criteria does.

    Attributes:
        id: Unique in its policy; decisions name it.
        workspaces: Ids, or `*`. An allow rule reaches a private workspace by its id only, or when it names the class.
        visibility: Classes; empty for any, with the exception above.
        runtimes: Names, or `*`.
        labels: Labels that the operator gave the Runtime, all of them.
    """

    id: WorkspaceId
    effect: PlacementEffect
    workspaces: Annotated[tuple[NamePattern, ...], Meta(min_length=1, max_length=MAX_RULES)]
    runtimes: Annotated[tuple[NamePattern, ...], Meta(min_length=1, max_length=MAX_RULES)]
    visibility: Annotated[tuple[Visibility, ...], Meta(max_length=3)] = ()
    labels: Annotated[dict[Label, Label], Meta(max_length=MAX_LABELS)] = {}


class PlacementPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """All rules of a Backend.

    Attributes:
        generation: Grows by one with each change; 0 before the first.
    """

    generation: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)] = 0
    rules: Annotated[tuple[PlacementRule, ...], Meta(max_length=MAX_RULES)] = ()
