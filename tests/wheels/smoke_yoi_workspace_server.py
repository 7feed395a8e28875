"""Decide a placement."""

from yoi_wire.backend.placements import PlacementPolicy
from yoi_workspace_server.placement import PlacedRuntime, PlacedWorkspace, may_receive

assert not may_receive(
    PlacementPolicy(),
    PlacedWorkspace(id="library", visibility="public"),
    PlacedRuntime(name="somewhere", kind="remote", labels={}),
)
