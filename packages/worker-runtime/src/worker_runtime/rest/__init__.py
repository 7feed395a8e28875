"""The Runtime's REST surface: the operations of `RuntimeApi` over HTTP (R-01, R-09)."""
