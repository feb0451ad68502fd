"""Tables compared with the schema that their publisher declares."""
