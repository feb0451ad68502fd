"""The portal type ``dataverse``: spider, record mapping and probe."""
