"""Read a typed error that came over the wire, and look an operation up."""

import yoi_wire

assert yoi_wire.BundleMissingError("sha256:" + "0" * 64).code == "bundle.missing"
assert yoi_wire.BACKEND_OPERATIONS["GET", "/healthz"].statuses == (200,)
for name in yoi_wire.__all__:
    assert getattr(yoi_wire, name) is not None
