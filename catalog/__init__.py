"""What is remembered: DCAT records, all SQL, history and every output. Opens no socket."""
