"""Specs, rebuilt from explanations: what an explanation says is all that a spec is made from (S-03)."""

from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.spec import ResolvedWorkerSpec, assemble_spec


def rebuild_spec(explanation: Explanation) -> ResolvedWorkerSpec:
    """Assemble the spec again, from the explanation alone."""
    return assemble_spec(explanation.decisions, explanation.frame)
