"""The wire: operations and errors, each declared once; server kit, client, OpenAPI."""
