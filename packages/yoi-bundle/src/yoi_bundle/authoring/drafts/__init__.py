"""Drafts: what one source file says, the interface between readers and assembly."""
