"""One recorded verdict of resolution, and the chain of reasons that led to it (S-03)."""

from typing import Literal, TypeAlias

from msgspec import Struct

from worker_runtime.resolution.payloads import Granted

Layer: TypeAlias = Literal["profile", "bundle", "host_policy", "host_facts", "intent", "needs"]
"""Who spoke. `needs` is another item of the same Worker that this one cannot be without, or is not needed beside."""

Kind: TypeAlias = Literal[
    "profile",
    "prompt",
    "model",
    "tool",
    "policy",
    "skill",
    "workflow",
    "plugin",
    "surface",
    "permission",
    "secret",
    "mount",
    "network",
    "host",
    "limit",
]
Verdict: TypeAlias = Literal["gives", "narrows", "withholds"]
Outcome: TypeAlias = Literal["granted", "narrowed", "denied"]


class Step(Struct, frozen=True):
    """One layer's word on one item.

    Attributes:
        pointer: Place in the layer's own document: a JSON pointer into manifest, host policy, facts or intent; for
            `needs` the other decision as `/KIND/ID`.
        rule: Id in the table `resolution.rules`.
    """

    layer: Layer
    verdict: Verdict
    pointer: str
    rule: str


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one item.

    Attributes:
        required: Whether the Worker is refused without it.
        steps: In the order of the layers; the last that withholds or narrows is the cause.
        effective: What the spec takes; nothing when denied.
    """

    kind: Kind
    id: str
    outcome: Outcome
    required: bool = False
    steps: tuple[Step, ...] = ()
    effective: Granted | None = None


def compute_outcome(steps: tuple[Step, ...]) -> Outcome:
    """Return what a chain amounts to: denied by any layer that withholds, else narrowed by any that narrows."""
    outcome: Outcome = "granted"
    for step in steps:
        if step.verdict == "withholds":
            return "denied"
        if step.verdict == "narrows":
            outcome = "narrowed"
    return outcome
