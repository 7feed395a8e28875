"""Two bundles compared by meaning (B-12)."""

from yoi_bundle.diff.change import BundleDiff, Change, ChangeClass
from yoi_bundle.diff.compute import compute_diff

__all__ = ["BundleDiff", "Change", "ChangeClass", "compute_diff"]
