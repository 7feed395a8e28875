"""Readers of configuration dialects, one folder each: from a file to drafts."""
