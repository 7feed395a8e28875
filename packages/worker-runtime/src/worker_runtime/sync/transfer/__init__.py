"""Transfer formats: content codings, manifest deltas and packs of blobs, all bounded (R-04, R-09)."""
