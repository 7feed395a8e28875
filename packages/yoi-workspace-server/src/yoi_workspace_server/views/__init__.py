"""Views: what a browser may see of each value, written out field by field, never a whole value (K-07)."""
