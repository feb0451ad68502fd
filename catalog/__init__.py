"""The catalogue's memory: DCAT records, all SQL, history and every output. Opens no socket."""
