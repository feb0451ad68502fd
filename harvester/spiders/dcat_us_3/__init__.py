"""The portal type ``dcat-us-3``: spider, record mapping and probe."""
