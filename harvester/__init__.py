"""The only sockets: spiders and resource checks; and, at the top, the night and the command line."""

__version__ = "0.2.0"
