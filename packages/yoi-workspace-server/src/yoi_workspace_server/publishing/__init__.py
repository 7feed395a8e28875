"""From a source, or a finished archive, to a revision that may become the active one (K-01)."""
