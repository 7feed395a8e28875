"""Commands' access to a Runtime: the local one, or one elsewhere."""
