"""Runtimes, dialled and asked how they are (K-02)."""
