"""The Runtime's durable store: one SQLite file, blobs inside (R-02, docs/adr/0004-runtime-store.md)."""
