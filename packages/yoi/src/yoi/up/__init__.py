"""`yoi up`: a Backend for as long as the command runs, and what becomes of one workspace in it."""
