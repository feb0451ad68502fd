"""The catalogue's classes as RDF: terms and small graphs, and the mapping to DCAT-AP."""
