"""The portal type ``socrata``: spider, record mapping and probe."""
