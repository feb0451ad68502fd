"""The portal type ``opendatasoft``: spider, record mapping and probe."""
