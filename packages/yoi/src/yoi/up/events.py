"""What `yoi up` tells: one value a line of `--json`, each with the name of its kind as `event`."""

from typing import Any, TypeAlias

from msgspec import Struct

from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.diff import BundleDiff


class Problem(Struct, frozen=True, kw_only=True):
    """Why something is not as it should be: a code of `docs/errors.md`, and its details."""

    code: str
    details: dict[str, Any]


class Started(Struct, frozen=True, kw_only=True, tag_field="event", tag="started"):
    """The Backend listens.

    Attributes:
        address: Its URL.
        source: The workspace's directory.
        token_file: Holds the API token of an admin.
        policy_found: Whether the file of the host policy is there; without one nothing is granted.
    """

    address: str
    workspace: str
    source: str
    data_directory: str
    token_file: str
    log_file: str
    policy_file: str
    policy_found: bool


class Built(Struct, frozen=True, kw_only=True, tag_field="event", tag="built"):
    """A build came to its end.

    Attributes:
        outcome: `new`, `unchanged` or `failed`.
        counts: Items of each kind; empty when there is no bundle.
        diagnostic_count: Of all; `diagnostics` are the first 200.
        problem: Why it failed.
        active_revision: What new Workers use, now that the build is over; None for nothing.
        held: Whether a rollback keeps new revisions from becoming active.
    """

    built_at: str
    outcome: str
    digest: str | None
    revision: int | None
    counts: dict[str, int]
    diagnostics: tuple[Diagnostic, ...]
    diagnostic_count: int
    problem: Problem | None
    active_revision: int | None
    held: bool


class Changed(Struct, frozen=True, kw_only=True, tag_field="event", tag="changed"):
    """What differs between two revisions, by meaning."""

    from_revision: int
    to_revision: int
    diff: BundleDiff


class Activated(Struct, frozen=True, kw_only=True, tag_field="event", tag="activated"):
    """Somebody moved the pointer: an activation, or a rollback, from another terminal."""

    kind: str
    revision: int
    digest: str
    actor: str
    reason: str


class Delivered(Struct, frozen=True, kw_only=True, tag_field="event", tag="delivered"):
    """How the workspace stands on a Runtime, when that has changed.

    Attributes:
        state: `in_sync`, `rejected`, `failing`, `unreachable` …
        revision: What should be there; None for nothing.
        observed_revision: What the Runtime says is there.
        problem: Why it is not in sync.
    """

    runtime: str
    state: str
    revision: int | None
    observed_revision: int | None
    problem: Problem | None


class Stopped(Struct, frozen=True, tag_field="event", tag="stopped"):
    """Nothing runs any more."""


Happening: TypeAlias = Started | Built | Changed | Activated | Delivered | Stopped
