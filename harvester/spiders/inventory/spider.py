"""Read an inventory kept by hand: a CSV or spreadsheet with a row for each dataset, or for each of its files.

Rows with the same identifier are one dataset. The first row describes it, and every row may name a file. Columns are
recognised by name and by their values; ``winnow portals template`` prints a table to fill in. A row with neither
identifier nor address is identified by its title. Encoding, delimiter and header row are found as for any table. The
file is parsed in a child process with limited memory and time.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from scrapy.http import Response

from catalog.model import Contact, Dataset, Distribution, Publisher
from harvester.facts.values import email
from harvester.http.saving import SavedBody
from harvester.spiders.base.feed import FeedSpider
from harvester.spiders.base.json_stream import Element, StreamEnd
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.inventory.child import datasets_of, read_in_child
from harvester.spiders.inventory.record import name_of
from quality.tables.read.declared_format import charset_of

__all__ = ["Spider", "template", "to_dataset"]

MAX_ROWS = 200_000
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of XLSX and ODS files, and of XLS files."""
SMALLER = "ask for the table of datasets alone as CSV (UTF-8), and name its address in the portal file"
_PATH = re.compile(
    r"\.{0,2}/(?!/)[\w./-]*$|[\w-]+/[\w./-]*\.[a-zA-Z]\w{1,7}$|"
    r"(?i:[\w-]+\.(csv|tsv|txt|xlsx?|ods|json|geojson|jsonl|xml|gml|kml|kmz|gpkg|shp|zip|pdf|parquet|ttl|rdf)$)"
)
"""Match paths from the root or the folder, files in a folder below, and file names by endings that no host has."""


def template() -> str:
    """Return a CSV table to fill in, with the columns that the spider reads and two example datasets."""
    return files("specs.templates").joinpath("inventory.csv").read_text(encoding="utf-8")


class Spider(FeedSpider):
    """Spider for portals that publish one file, CSV or spreadsheet, that lists all their datasets."""

    type = "inventory"
    about = PortalTypeInfo(
        software="a CSV, TSV, XLSX or ODS kept by hand; `winnow portals template` prints one to fill in",
        paging="one file",
        incremental="not offered",
        deletion="its rows are gone",
        limits=f"{MAX_ROWS:,} rows; the first sheet that is not small; read within 512 MB and 60 s",
        loses="whatever the table has no column for",
        rank=10,
    )
    element = "row"
    # A row that moves down has not changed.
    volatile = ("@line", "@url")

    @property
    def feed(self) -> str:
        return self.portal.url

    def more(self, end: StreamEnd, on_page: int) -> bool | str:
        return False

    async def prepare(self, path: Path, response: Response) -> None:
        """Read the table saved at ``path`` in a child process with limited memory and time, because it may unpack to
        any size.

        The result is kept in ``read``. If the table cannot be read, ``unread`` says why.
        """
        self.read, self.unread, self.remedy = {}, "", FeedSpider.remedy
        with path.open("rb") as file:
            start = file.read(2_000)
        self.is_workbook = start[:4] in WORKBOOKS
        if not start.strip():
            self.unread = "the table is empty"
        elif start.lstrip()[:1] == b"<":
            self.unread = "an HTML or XML page came where a table was expected"
        else:
            shutil.rmtree(_folder(path), ignore_errors=True)
            _folder(path).mkdir(parents=True)
            try:
                self.read = await read_in_child(
                    path,
                    _folder(path),
                    MAX_ROWS,
                    url=response.url,
                    is_workbook=self.is_workbook,
                    charset=charset_of(response.headers.get("Content-Type")),
                )
            except ValueError as error:
                self.unread = f"the {'workbook' if self.is_workbook else 'table'} cannot be read: {error}"
                self.remedy = SMALLER

    def elements(self, path: Path, response: Response) -> Iterator[Any]:
        try:
            if not self.unread and not self.read["has_columns"]:
                self.unread = "the table has no column for a title or an identifier; see winnow portals template"
            if self.unread:
                yield StreamEnd(self.unread, {})
                return
            for index, (line, raw) in enumerate(datasets_of(_folder(path))):
                yield Element(index, raw, f"/row/{line}")
            # A workbook's row count includes formatted empty cells below the table, so it alone proves nothing.
            is_more = self.read["is_sample"] and (self.read["rows"] >= MAX_ROWS or not self.is_workbook)
            why = f"the table goes on after {self.read['rows']:,} rows" if is_more else None
            if self.read["is_last_short"] and not self.is_workbook and _may_have_broken_off(path, response):
                why = why or "the table ends within a row, and the server named no length: it may be cut short"
            yield StreamEnd(why, {})
        finally:
            shutil.rmtree(_folder(path), ignore_errors=True)

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw)


def _may_have_broken_off(path: Path, response: Response) -> bool:
    """Return whether the connection's end is the only sign that a text is complete, and its last line has no end."""
    saved: SavedBody | None = response.meta.get("saved")
    if saved is None or saved.has_end:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) not in (b"\n", b"\r", b"\0")


def _folder(path: Path) -> Path:
    """Return the folder that holds the datasets of the table at ``path`` while they are read."""
    return path.with_suffix(".inventory-read")


def to_dataset(raw: dict[str, Any]) -> Dataset:
    """Map the rows of one dataset to a :class:`Dataset`.

    ``raw``: the record made by :func:`~harvester.spiders.inventory.record.grouped`. Raise LostRecord if it has
    neither identifier nor address nor title.
    """
    identifier = name_of(raw)
    if identifier is None and raw.get("title"):
        identifier = f"{raw['title']} ({raw['@digest']})" if raw.get("@digest") else raw["title"]
    if identifier is None:
        raise LostRecord(
            f"row {raw.get('@line')} has neither identifier nor address nor title",
            "fill in the column identifier; see winnow portals template",
        )

    def words(field: str) -> tuple[str, ...]:
        cell = raw.get(field) or ""
        return tuple(word.strip() for word in re.split(r"[;,|]", cell) if word.strip())

    contact = Contact(name=raw.get("contact_name"), email=email(raw.get("contact_email")))
    publisher = raw.get("publisher")
    return Dataset(
        identifier=identifier,
        title=raw.get("title"),
        description=raw.get("description"),
        keywords=words("keywords"),
        themes=words("theme"),
        publisher=Publisher(name=publisher) if publisher else None,
        contact=contact if contact != Contact() else None,
        licence=raw.get("licence"),
        issued=raw.get("issued"),
        modified=raw.get("modified"),
        frequency=raw.get("frequency"),
        spatial=(raw["spatial"],) if raw.get("spatial") else (),
        temporal_start=raw.get("temporal_start"),
        temporal_end=raw.get("temporal_end"),
        language=words("language"),
        landing_page=_address(raw, raw.get("landing_page")),
        is_part_of=raw.get("is_part_of"),
        distributions=tuple(
            Distribution(
                title=one.get("file_title"),
                access_url=_address(raw, one.get("access_url") or one.get("download_url")),
                download_url=_address(raw, one.get("download_url")),
                format=one.get("format"),
                media_type=one.get("media_type"),
                byte_size=one.get("byte_size"),
            )
            for one in raw["files"]
        ),
    )


def _address(raw: dict[str, Any], cell: str | None) -> str | None:
    """Return an address.

    A plain path names a file beside the table, while "n/a" and "city.example/b" stay as written.
    """
    return urljoin(raw["@url"], cell) if cell and _PATH.match(cell) else cell
