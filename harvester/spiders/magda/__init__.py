"""The portal type ``magda``: spider, record mapping and probe."""
