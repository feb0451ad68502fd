"""The portal type ``ckan``: spider, record mapping and probe."""
