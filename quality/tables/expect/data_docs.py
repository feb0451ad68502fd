"""Write Great Expectations' own Data Docs: a page for each table, and an index, without cells and without a network.

Runs in the child processes of :mod:`quality.tables.pool`, because Great Expectations takes seconds to load.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.model import TableReport
from quality.tables.expect.engine import great_expectations
from quality.tables.messages import FAULT, DataDocs

__all__ = ["write_data_docs", "write_from_file"]

_FROM_ELSEWHERE = re.compile(
    r"""<script[^>]*\bsrc=["']https?:[^>]*>\s*</script>|<(?:link|img)\b[^>]*\b(?:href|src)=["']https?:[^>]*>"""
    r"""|url\(["']?https?:[^)]*\)"""
)
"""Scripts, styles and pictures of other hosts, which a page must not load."""
_NOWHERE = re.compile(r"""\bhref=["'](?:https?://greatexpectations\.io/newsletter|[./]*expectations/)[^"']*["']""")
"""Links to an advertisement, and to pages about expectations, which are in ``specs/expectations``."""
_STYLE = """<style>
body { font-family: sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; } td, th { border: 1px solid #bbb; padding: .3em .6em; }
td, th { text-align: left; }
.modal, .navbar-toggler, .d-none { display: none; } ol.ge-breadcrumbs li { display: inline; margin-right: 1em; }
</style></head>"""


def write_data_docs(tables: Iterable[tuple[str, Sequence[Mapping[str, Any]]]], folder: Path) -> int:
    """Write the Data Docs of some tables into ``folder``, and return the number of pages, without the index.

    ``tables`` are pairs of the name of a file and the results on the table in it, as :func:`.asking.compact` returns
    them. A page that the folder already has under the same name is replaced. Raise OSError or RuntimeError if pages
    cannot be made or written.
    """
    great_expectations()
    from quality.tables.expect.gx_site import write_site

    written = write_site(tables, folder, datetime.now(UTC))
    for page in folder.rglob("*.html"):
        text = _NOWHERE.sub("", _FROM_ELSEWHERE.sub("", page.read_text(encoding="utf-8")))
        page.write_text(text if _STYLE in text else text.replace("</head>", _STYLE, 1), encoding="utf-8")
    return written


def write_from_file(task: DataDocs) -> TableReport:
    """Write the Data Docs that a task of the pool asks for.

    The number of pages is in the report, under the key "pages". It never raises: if pages cannot be made or written,
    the report has the status "unknown", with a note.
    """
    try:
        with task.path.open(encoding="utf-8", newline="\n") as lines:
            pages = write_data_docs([(one["name"], one["results"]) for one in map(json.loads, lines)], task.folder)
    except Exception as error:  # noqa: BLE001  # the caller says so, and goes on
        return TableReport(status="unknown", note=f"{FAULT}{type(error).__name__}: {error}"[:300])
    return TableReport(status="not_a_table", report={"pages": pages})
