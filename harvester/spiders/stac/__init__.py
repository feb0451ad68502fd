"""The portal type ``stac``: spider, record mapping and probe."""
