"""The portal type ``sparql``: spider, record mapping and probe."""
