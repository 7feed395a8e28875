"""The Backend's database: SQLite for one process, PostgreSQL for several (K-08)."""
