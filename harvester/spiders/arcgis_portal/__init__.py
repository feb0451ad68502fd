"""The portal type ``arcgis-portal``: spider, record mapping and probe."""
