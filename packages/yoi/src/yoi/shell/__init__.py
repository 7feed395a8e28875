"""What every command shares: options, output, errors and exit codes."""
