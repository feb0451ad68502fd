"""The portal type ``waf``: spider and probe."""
