"""The host: its policy file, secret stores, plugin packages and facts."""
