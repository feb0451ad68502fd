"""What people see on the terminal: progress on stderr, results on stdout."""
