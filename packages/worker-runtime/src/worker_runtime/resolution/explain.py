"""The explanation: every decision with its chain of reasons, complete as JSON (S-03)."""

from msgspec import Struct

from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.resolve import Resolution
from worker_runtime.resolution.spec import ResolvedWorkerSpec, SpecFrame, assemble_spec


class Explanation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a Worker may do, may not, and why; the spec can be rebuilt from it.

    Attributes:
        refused: Why no Worker would start; empty when one would.
        resolution_digest: Of the resolution it explains.
    """

    frame: SpecFrame
    resolution_digest: str
    decisions: tuple[Decision, ...]
    refused: tuple[Reason, ...] = ()


def explain_resolution(resolution: Resolution) -> Explanation:
    """Return the explanation of a resolution, refused or not."""
    return Explanation(
        frame=resolution.frame,
        resolution_digest=resolution.digest,
        decisions=resolution.decisions,
        refused=resolution.reasons,
    )


def rebuild_spec(explanation: Explanation) -> ResolvedWorkerSpec:
    """Assemble the spec again, from the explanation alone."""
    return assemble_spec(explanation.decisions, explanation.frame)
