"""The portal type ``sitemap``: spider, record mapping and probe."""
