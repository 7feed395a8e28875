"""From a directory that people edit by hand to a verified bundle (B-14)."""
