"""Parse RDF documents from portals in a child process, read them as nodes, and map the nodes to DCAT facts."""
