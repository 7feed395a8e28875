"""Random identifiers that nobody can guess."""

import secrets


def create_id() -> str:
    """Return 128 random bits in hexadecimal."""
    return secrets.token_hex(16)
