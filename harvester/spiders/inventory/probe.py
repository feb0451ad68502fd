"""How an inventory, which is a table of datasets, is recognised from outside."""

from __future__ import annotations

import csv
import re

from harvester.spiders.base.detection import HINT, LIKELY, Detection, ProbeResponse, TypeProbes
from harvester.spiders.inventory.columns import is_inventory

__all__ = ["PROBES", "inventory"]


def inventory(seen: ProbeResponse) -> Detection | None:
    """Return an "inventory" detection if the response ``seen`` is a table that lists datasets, else None.

    A CSV table is likely one if its first line has columns for titles and addresses. Its number of rows is taken as the
    number of datasets; the number is None if the table was cut off. An XLSX or ODS file is recognised by its address
    and first bytes alone, with a low confidence and without a number.
    """
    if seen.body[:4] == b"PK\x03\x04" and re.search(r"(?i)\.(xlsx|ods)($|\?)", seen.url):
        return Detection("inventory", HINT, None, "a spreadsheet")
    text = seen.body[:20_000].decode("utf-8-sig", "replace")
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    delimiter = max(",;\t|", key=first.count)
    if "<" in first or "{" in first or not first.count(delimiter):
        return None
    if is_inventory(next(csv.reader([first], delimiter=delimiter), [])):
        rows = max(0, seen.body.count(b"\n") - 1) if seen.is_whole else None
        return Detection("inventory", LIKELY, rows, "a table with titles and addresses")
    return None


PROBES = TypeProbes(
    recognisers=((260, inventory),),
)
