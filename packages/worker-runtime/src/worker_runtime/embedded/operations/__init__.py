"""What an embedded Runtime does, one module a group of operations; each call is one or a few transactions."""
