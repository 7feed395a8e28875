"""Assembly of drafts into a manifest: ids, scopes, inheritance, grants."""
