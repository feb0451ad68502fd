"""Check the addresses of distributions: through the guard, politely, and with a cap on everything."""
