"""What a Backend says on the wire, for those who speak with one."""
