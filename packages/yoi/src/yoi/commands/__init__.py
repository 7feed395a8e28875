"""The groups of commands; each module is imported when one of its commands runs."""
