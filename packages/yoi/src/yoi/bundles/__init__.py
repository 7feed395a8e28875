"""Building, naming, reading and verifying bundles for commands."""
