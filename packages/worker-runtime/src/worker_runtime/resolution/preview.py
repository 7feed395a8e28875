"""The dry run: the same resolution, for one profile or for all, that says instead of refusing (S-08)."""

from msgspec import Struct

from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.explain import Explanation, explain_resolution
from worker_runtime.resolution.resolve import Resolution
from worker_runtime.resolution.spec import SpecFrame
from yoi_bundle.builtin import BuiltinSet
from yoi_bundle.verified import VerifiedBundle


class Preview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a Worker of a profile would start on this host, and what it would be.

    Attributes:
        selector: The profile.
        works: Whether nothing refuses it.
        refused: Why not.
        explanation: Every decision; the same as for a Worker.
    """

    selector: str
    works: bool
    explanation: Explanation
    refused: tuple[Reason, ...] = ()


def make_preview(resolution: Resolution) -> Preview:
    """Return the preview that a resolution amounts to."""
    frame: SpecFrame = resolution.frame
    return Preview(
        selector=frame.selector,
        works=not resolution.reasons,
        refused=resolution.reasons,
        explanation=explain_resolution(resolution),
    )


def list_selectors(bundle: VerifiedBundle | None, builtin: BuiltinSet) -> tuple[str, ...]:
    """Return the selector of every profile: of the bundle, or without one of the built-in set."""
    if bundle is None:
        return tuple(f"builtin:{name}" for name in sorted(builtin.bundle.manifest.profiles))
    copies = bundle.manifest.builtin.profiles if bundle.manifest.builtin is not None else {}
    names = {*bundle.manifest.profiles, *bundle.unsupported.get("profiles", {})}
    return (*(f"builtin:{name}" for name in sorted(copies)), *(f"workspace:{name}" for name in sorted(names)))
