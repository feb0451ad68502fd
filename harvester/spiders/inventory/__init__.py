"""The portal type ``inventory``: spider, record mapping and probe."""
