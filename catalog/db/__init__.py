"""The database: opening, schema, migrations, and rows."""
