"""Decide a placement."""

from yoi_workspace_server.placement import PlacedRuntime, PlacedWorkspace, PlacementPolicy, may_receive

assert not may_receive(
    PlacementPolicy(),
    PlacedWorkspace(id="library", visibility="public"),
    PlacedRuntime(name="somewhere", kind="remote", labels={}),
)
