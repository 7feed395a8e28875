"""The Yoi Backend: builds, selects and syncs config bundles to Runtimes."""
