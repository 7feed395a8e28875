"""A Runtime inside this process: the composition of its parts, its operations and its maintenance."""
