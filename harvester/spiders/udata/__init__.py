"""The portal type ``udata``: spider, record mapping and probe."""
