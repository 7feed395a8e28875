"""How values look in a terminal; plain when piped."""
