"""RDF documents of strangers: parsed in a bounded child, read as nodes, mapped to DCAT facts."""
