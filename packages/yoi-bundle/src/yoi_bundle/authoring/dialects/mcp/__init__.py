"""Reader of MCP server declarations."""
