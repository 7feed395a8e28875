"""Read a typed error that came over the wire."""

from yoi_wire.errors import BundleMissingError

assert BundleMissingError("sha256:" + "0" * 64).code == "bundle.missing"
