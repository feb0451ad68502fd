"""The portal type ``oai-pmh``: spider, record mapping and probe."""
