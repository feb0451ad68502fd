"""The portal type ``ogc-records``: spider, record mapping and probe."""
