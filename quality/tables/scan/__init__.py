"""One pass over a delimited text, in C: its structure, and what each column holds.

A hundred megabytes are seven million cells; at a microsecond each, as in Python, a night would go into counting them.
"""

from quality.tables.scan.found import Places, Scan, ScannedColumn
from quality.tables.scan.scan import Scanner, widths
from quality.tables.scan.scan import look as cell_class

__all__ = ["Places", "Scan", "ScannedColumn", "Scanner", "cell_class", "widths"]
