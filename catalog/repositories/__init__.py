"""All queries to the catalogue, by subject: every SQL statement is in a module of this package."""
