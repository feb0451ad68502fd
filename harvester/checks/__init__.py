"""How addresses are asked: guarded, politely, and with a cap on everything."""
