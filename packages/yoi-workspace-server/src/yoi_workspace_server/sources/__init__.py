"""Where a workspace's content comes from: a directory, or a git repository (K-01)."""
