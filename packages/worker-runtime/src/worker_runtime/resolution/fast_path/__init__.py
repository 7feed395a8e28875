"""Caches and precomputed decisions of resolution; each module names the figure that it buys."""
