"""The portal type ``dcat-us``: spider, record mapping and probe."""
