"""The portal type ``arcgis-hub``: spider, record mapping and probe."""
