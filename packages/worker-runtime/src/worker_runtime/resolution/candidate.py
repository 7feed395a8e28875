"""An item on its way through the layers: what it would get, and what each layer has said so far."""

from msgspec import Struct

from worker_runtime.resolution.decision import Decision, Kind, Layer, Step, compute_outcome
from worker_runtime.resolution.granted import Granted


class Candidate(Struct, frozen=True):
    """A decision in the making. Layers append steps and may shrink the payload; none can take a step back.

    Attributes:
        payload: What the item would get if no layer withheld it; absent where there is nothing to get.
    """

    kind: Kind
    id: str
    payload: Granted | None
    steps: tuple[Step, ...] = ()
    required: bool = False

    @property
    def key(self) -> tuple[Kind, str]:
        return self.kind, self.id

    @property
    def is_open(self) -> bool:
        """Whether no layer has withheld the item yet."""
        return self.payload is not None and all(step.verdict != "withholds" for step in self.steps)

    def give(self, layer: Layer, pointer: str, rule: str) -> "Candidate":
        return self._add(Step(layer, "gives", pointer, rule), self.payload)

    def narrow(self, layer: Layer, pointer: str, rule: str, payload: Granted) -> "Candidate":
        return self._add(Step(layer, "narrows", pointer, rule), payload)

    def withhold(self, layer: Layer, pointer: str, rule: str) -> "Candidate":
        return self._add(Step(layer, "withholds", pointer, rule), self.payload)

    def carry(self, payload: Granted) -> "Candidate":
        """Replace the payload by one that says more exactly what is got, such as who consumes it."""
        return Candidate(self.kind, self.id, payload, self.steps, self.required)

    def require(self) -> "Candidate":
        return Candidate(self.kind, self.id, self.payload, self.steps, required=True)

    def decide(self) -> Decision:
        outcome = "denied" if self.payload is None else compute_outcome(self.steps)
        return Decision(
            kind=self.kind,
            id=self.id,
            outcome=outcome,
            required=self.required,
            steps=self.steps,
            effective=None if outcome == "denied" else self.payload,
        )

    def _add(self, step: Step, payload: Granted | None) -> "Candidate":
        return Candidate(self.kind, self.id, payload, (*self.steps, step), self.required)
