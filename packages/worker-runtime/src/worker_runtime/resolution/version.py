"""The resolver's version: equal versions give byte-equal specs for equal inputs (S-01, W-04)."""

RESOLVER_VERSION = "1"
