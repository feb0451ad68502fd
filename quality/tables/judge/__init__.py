"""Judge tables: turn what the scan counted into defects and a report."""
