"""The portal type ``piveau``: spider, record mapping and probe."""
