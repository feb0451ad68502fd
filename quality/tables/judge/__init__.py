"""Tables judged: from what the scan counted to defects and the report."""
