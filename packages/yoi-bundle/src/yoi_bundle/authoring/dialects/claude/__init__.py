"""Reader of Claude Code's agents, commands and permission rules."""
