"""The portal type ``i14y``: spider with its record mapping, and probe."""
