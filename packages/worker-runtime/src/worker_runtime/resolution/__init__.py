"""Resolution: what a Worker may be on this host, and why (S-01 to S-11)."""
