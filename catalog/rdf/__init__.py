"""The catalogue's nouns as RDF: terms and small graphs, and the mapping to DCAT-AP."""
