"""The Runtime's durable store: one SQLite file, blobs inside (R-02, docs/adr/0006-runtime-store.md)."""
