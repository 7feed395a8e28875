"""Sync of bundles: plan, transfer formats, retry and back-off (R-04)."""
