"""The portal type ``waf``: spider, record mapping and probe."""
