"""Trust: identities, trusted keys, short-lived tokens, and the local token (K-09)."""
