"""Files read as tables: format, encoding, dialect, header and rows."""
