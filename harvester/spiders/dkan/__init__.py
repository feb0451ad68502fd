"""The portal type ``dkan``: spider, record mapping and probe."""
