"""Database access: addresses, engines, transactions, migrations and notifications, on SQLite and PostgreSQL."""
