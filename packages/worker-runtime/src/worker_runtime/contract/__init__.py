"""The Runtime's contract: its operations and the values that they take and give, for every transport (R-01)."""
