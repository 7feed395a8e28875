"""Commands' access to a Backend: address, login, client."""
