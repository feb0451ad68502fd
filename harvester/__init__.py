"""The only package that opens sockets: spiders and resource checks, and above them the night and the command line."""

__version__ = "0.2.0"
