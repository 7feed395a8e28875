"""A Runtime across a network: `RuntimeApi` over HTTP (R-01)."""
