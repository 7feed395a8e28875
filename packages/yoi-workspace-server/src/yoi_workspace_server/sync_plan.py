"""Sync plan: what one step brings a Runtime nearer to what a workspace should be on it (K-04); pure.

`Desired` is what should be, `Observed` what the Runtime itself last said. Nothing is ever inferred from having sent
something (K-05).
"""

from typing import Literal, TypeAlias

from msgspec import Struct

PairState: TypeAlias = Literal[
    "not_placed",
    "nothing_active",
    "in_sync",
    "pending",
    "rejected",
    "failing",
    "unreachable",
    "withdrawing",
    "withdrawn",
    "withdrawal_refused",
]


class Desired(Struct, frozen=True, kw_only=True):
    """What a Runtime should have assigned.

    Attributes:
        generation: Fences slower writers (R-11).
    """

    digest: str
    revision: int
    generation: int


class Observed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a Runtime said of one workspace's assignment.

    Attributes:
        digest: None when nothing is assigned there.
        generation: 0 before the first assignment.
        observed_at: RFC 3339; when it said so.
    """

    observed_at: str
    generation: int = 0
    digest: str | None = None
    revision: int | None = None


class Nothing(Struct, frozen=True, tag_field="step", tag="nothing"):
    """There is nothing to ask of the Runtime."""


class Assign(Struct, frozen=True, kw_only=True, tag_field="step", tag="assign"):
    """Set the assignment, and send the bundle only if the Runtime then says it lacks it; one request as a rule."""

    desired: Desired


class Send(Struct, frozen=True, kw_only=True, tag_field="step", tag="send"):
    """Send the bundle, then set the assignment.

    Attributes:
        base: Digest of the manifest that the Runtime is thought to hold; None for none.
    """

    desired: Desired
    base: str | None


class Withdraw(Struct, frozen=True, kw_only=True, tag_field="step", tag="withdraw"):
    """Delete the assignment."""

    generation: int


class Hold(Struct, frozen=True, kw_only=True, tag_field="step", tag="hold"):
    """Send nothing: this Runtime, as it is, has rejected these bytes."""

    digest: str


Step: TypeAlias = Nothing | Assign | Send | Withdraw | Hold


def plan_sync(
    *,
    placed: bool,
    desired: Desired | None,
    observed: Observed | None,
    withdrawal_generation: int,
    rejected: str | None = None,
    held: frozenset[str] = frozenset(),
) -> Step:
    """Return the next step for one Runtime and workspace.

    Args:
        placed: Whether placement lets the Runtime have the workspace's bundle.
        desired: What should be assigned; None while nothing is active.
        observed: None when the Runtime has never said anything about the workspace.
        withdrawal_generation: The generation at which nothing should be assigned there, allocated when placement was
            lost or the active bundle revoked; 0 when the Runtime never was to have anything.
        rejected: The digest that the Runtime, at its present version and policy, has refused.
        held: Digests that it is known to have stored before.
    """
    if not placed or desired is None:
        return _plan_withdrawal(observed, withdrawal_generation)
    if desired.digest == rejected:
        return Hold(digest=desired.digest)
    if observed is None:
        return Send(desired=desired, base=None)
    if observed.digest == desired.digest or desired.digest in held:
        return Assign(desired=desired)
    return Send(desired=desired, base=observed.digest)


def _plan_withdrawal(observed: Observed | None, generation: int) -> Step:
    if generation == 0:
        return Nothing()
    if observed is not None and observed.digest is None and observed.generation >= generation:
        return Nothing()
    return Withdraw(generation=generation)


def compute_state(
    *,
    placed: bool,
    desired: Desired | None,
    observed: Observed | None,
    withdrawal_generation: int,
    rejected: str | None = None,
    reachable: bool = True,
    failing: bool = False,
    forbidden: bool = False,
) -> PairState:
    """Say in one word how a Runtime and a workspace stand; from what was observed alone (K-05).

    Args:
        placed: As in `plan_sync`, like the next four.
        desired: What should be assigned.
        observed: What the Runtime last said.
        withdrawal_generation: The generation of a withdrawal.
        rejected: The digest that the Runtime has refused.
        reachable: Whether the Runtime answered when it was last asked.
        failing: Whether the last attempt ended in an error.
        forbidden: Whether that error is that the Runtime lets nobody ask it about the workspace. Then a withdrawal is over: done
            where the Runtime never said that something is assigned there, else refused.
    """
    wanted = desired if placed else None
    if wanted is None and isinstance(_plan_withdrawal(observed, withdrawal_generation), Nothing):
        if placed:
            return "nothing_active"
        return "withdrawn" if withdrawal_generation else "not_placed"
    if wanted is not None and _has(wanted, observed):
        return "in_sync"
    if wanted is not None and wanted.digest == rejected:
        return "rejected"
    if not reachable:
        return "unreachable"
    if wanted is None and forbidden:
        if observed is not None and observed.digest is not None:
            return "withdrawal_refused"
        return "nothing_active" if placed else "not_placed"
    if wanted is None:
        return "withdrawing"
    return "failing" if failing else "pending"


def compute_skew(desired: Desired | None, observed: Observed | None) -> int | None:
    """Return by how many revisions the Runtime is behind; negative when it is ahead, None when nothing is assigned."""
    if desired is None or observed is None or observed.revision is None:
        return None
    return desired.revision - observed.revision


def _has(desired: Desired, observed: Observed | None) -> bool:
    return (
        observed is not None
        and observed.digest == desired.digest
        and observed.generation == desired.generation
    )
