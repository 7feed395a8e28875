"""What may not cross from a workspace into a bundle: secret values, places on a host, hidden text (B-07 to B-09)."""
