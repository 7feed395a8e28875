"""Sources of a workspace's content: a directory, or a git repository (K-01)."""
