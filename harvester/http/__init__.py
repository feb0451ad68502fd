"""Transport: send every request through the address guard, politely, with limits on bytes and time."""
