"""How an inventory, which is a table of datasets is recognised from outside."""

from __future__ import annotations

import csv
import re

from harvester.spiders.base.detection import HINT, LIKELY, Detection, ProbeResponse, TypeProbes
from harvester.spiders.inventory.columns import is_inventory

__all__ = ["PROBES", "inventory"]


def inventory(seen: ProbeResponse) -> Detection | None:
    """Recognise a CSV table that lists datasets, by columns for title and address; None for any other response.

    A spreadsheet is recognised only by its file name, with low confidence.
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
