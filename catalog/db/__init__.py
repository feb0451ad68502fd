"""The database: opening it, its schema, migrations and rows."""
