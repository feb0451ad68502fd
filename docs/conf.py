"""How `make docs` builds this folder as a site. Nothing is fetched: no intersphinx, no fonts, no analytics."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from harvester import __version__

project = "Winnow"
author = "The Winnow contributors"
copyright = author
version = release = __version__
extensions = ["myst_parser", "sphinx_click"]
exclude_patterns = ["_build", "howto/examples"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# The same rules of tables stand below several headings.
suppress_warnings = ["myst.xref_ambiguous"]
nitpicky = True
# "--type" is an option, not a dash.
smartquotes = False
html_theme = "furo"
html_title = f"Winnow {release}"
html_static_path = ["_static"]
html_show_sphinx = False
