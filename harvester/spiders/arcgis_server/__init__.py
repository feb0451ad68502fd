"""The portal type ``arcgis-server``: spider, record mapping and probe."""
