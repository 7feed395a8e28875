"""Decisions of resolution: a recorded verdict with its chain of reasons, and the candidate that becomes one (S-03)."""

from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from worker_runtime.resolution.payloads import Granted

Layer: TypeAlias = Literal["profile", "bundle", "host_policy", "host_facts", "intent", "needs"]
"""Who spoke. `needs` is another item of the same Worker that this one cannot be without, or is not needed beside."""

Kind: TypeAlias = Literal[
    "profile",
    "model",
    "prompt",
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
"""What an item is. Decisions are sorted in this order."""

Verdict: TypeAlias = Literal["gives", "narrows", "withholds"]
Outcome: TypeAlias = Literal["granted", "narrowed", "denied"]
Key: TypeAlias = tuple[Kind, str]
"""Kind and id, by which the items of one resolution are told apart."""

KINDS: tuple[Kind, ...] = get_args(Kind)
LAYERS: tuple[Layer, ...] = get_args(Layer)
_KIND_ORDER = {kind: position for position, kind in enumerate(KINDS)}


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


def get_order(key: Key) -> tuple[int, str]:
    """Return what decisions are sorted by: kind, then id."""
    kind, name = key
    return _KIND_ORDER[kind], name


class Candidate(Struct, frozen=True):
    """A decision in the making. Layers append steps and may shrink the payload; none can take a step back.

    Attributes:
        payload: What the item would get if no layer withheld it; absent where there is nothing to get.
        withheld: Whether a layer has withheld it.
        parts: Of a tool that is an MCP server, those of its tools without which it counts as missing.
    """

    kind: Kind
    id: str
    payload: Granted | None
    steps: tuple[Step, ...] = ()
    required: bool = False
    withheld: bool = False
    parts: frozenset[str] = frozenset()

    @property
    def key(self) -> Key:
        return self.kind, self.id

    @property
    def is_open(self) -> bool:
        """Whether no layer has withheld the item yet."""
        return not self.withheld and self.payload is not None

    def give(self, layer: Layer, pointer: str, rule: str) -> "Candidate":
        return self._add(Step(layer, "gives", pointer, rule), self.payload)

    def narrow(self, layer: Layer, pointer: str, rule: str, payload: Granted) -> "Candidate":
        return self._add(Step(layer, "narrows", pointer, rule), payload)

    def withhold(self, layer: Layer, pointer: str, rule: str) -> "Candidate":
        steps = (*self.steps, Step(layer, "withholds", pointer, rule))
        return Candidate(self.kind, self.id, self.payload, steps, self.required, True, self.parts)

    def carry(self, payload: Granted) -> "Candidate":
        """Replace the payload by one that says more exactly what is got, such as who consumes it."""
        return Candidate(self.kind, self.id, payload, self.steps, self.required, self.withheld, self.parts)

    def require(self) -> "Candidate":
        return Candidate(self.kind, self.id, self.payload, self.steps, True, self.withheld, self.parts)

    def decide(self) -> Decision:
        if self.withheld or self.payload is None:
            return Decision(
                kind=self.kind, id=self.id, outcome="denied", required=self.required, steps=self.steps
            )
        return Decision(
            kind=self.kind,
            id=self.id,
            outcome=compute_outcome(self.steps),
            required=self.required,
            steps=self.steps,
            effective=self.payload,
        )

    def _add(self, step: Step, payload: Granted | None) -> "Candidate":
        steps = (*self.steps, step)
        return Candidate(self.kind, self.id, payload, steps, self.required, self.withheld, self.parts)
