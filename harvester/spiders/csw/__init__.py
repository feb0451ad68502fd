"""The portal type ``csw``: spider, record mapping and probe."""
