"""Registry of Runtimes: how they are dialled, and how they are (K-02)."""
