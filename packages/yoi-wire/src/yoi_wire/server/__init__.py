"""HTTP server of both programs: routing of declared operations, bodies, limits, answers, event streams."""
