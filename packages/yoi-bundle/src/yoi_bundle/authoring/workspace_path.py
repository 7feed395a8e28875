"""The one place in a workspace that is known by name."""

WORKSPACE_FILE = ".yoi/workspace.toml"
