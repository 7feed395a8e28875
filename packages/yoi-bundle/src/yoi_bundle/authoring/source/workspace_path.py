"""Paths in a workspace that are known by name."""

WORKSPACE_FILE = ".yoi/workspace.toml"
GOVERNING_FILES = (".claude/settings.json", ".claude/settings.local.json")
"""Their rules confine every profile of the workspace."""
SKILL_FILE = "SKILL.md"
