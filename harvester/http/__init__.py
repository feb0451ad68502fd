"""Transport: every address is asked through the guard, politely, and with a bound on everything."""
