"""The portal type ``i14y``: spider, record mapping and probe."""
