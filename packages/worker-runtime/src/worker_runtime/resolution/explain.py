"""The explanation: every decision with its chain of reasons, complete as JSON (S-03)."""

from msgspec import Raw, Struct

from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.resolve import Resolution
from worker_runtime.resolution.spec import SpecFrame
from yoi_bundle.canonical import encode_canonical


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


class _Assembled(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An `Explanation` whose decisions are encoded already."""

    frame: SpecFrame
    resolution_digest: str
    decisions: Raw
    refused: tuple[Reason, ...] = ()


def explain_resolution(resolution: Resolution) -> Explanation:
    """Return the explanation of a resolution, refused or not."""
    return Explanation(
        frame=resolution.frame,
        resolution_digest=resolution.digest,
        decisions=resolution.decisions,
        refused=resolution.reasons,
    )


def encode_explanation(resolution: Resolution, decisions: Raw) -> bytes:
    """Return the bytes of a resolution's explanation.

    Args:
        resolution: What is explained.
        decisions: Canonical form of its decisions, for those who have it: it is most of the whole.
    """
    return encode_canonical(
        _Assembled(
            frame=resolution.frame,
            resolution_digest=resolution.digest,
            decisions=decisions,
            refused=resolution.reasons,
        )
    )
