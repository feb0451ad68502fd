"""Read files as tables: format, encoding, dialect, header and rows."""
