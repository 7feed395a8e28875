"""An item on its way through the layers: what it would get, and what each layer has said so far."""

from msgspec import Struct

from worker_runtime.resolution.decision import Decision, Kind, Layer, Step, compute_outcome
from worker_runtime.resolution.payloads import Granted


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
    def key(self) -> tuple[Kind, str]:
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
