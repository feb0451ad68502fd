"""Scan a delimited text in one pass, in C: its structure, and what each column contains.

A hundred megabytes are seven million cells. At a microsecond each, as in Python, counting them would take all night.
"""

from quality.tables.scan.found import Places, Scan, ScannedColumn
from quality.tables.scan.scan import Scanner, widths
from quality.tables.scan.scan import look as cell_class

__all__ = ["Places", "Scan", "ScannedColumn", "Scanner", "cell_class", "widths"]
