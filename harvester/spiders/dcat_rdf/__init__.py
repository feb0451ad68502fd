"""The portal type ``dcat-rdf``: spider, record mapping and probe."""
