"""The source tree: walking, classifying and accounting for its files."""
