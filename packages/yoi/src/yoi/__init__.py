"""The yoi command: build, check, sync and explain agent configuration."""
