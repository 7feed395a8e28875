"""Reader of our own form: `.yoi/`."""
