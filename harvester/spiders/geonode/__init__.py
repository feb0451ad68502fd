"""The portal type ``geonode``: spider, record mapping and probe."""
