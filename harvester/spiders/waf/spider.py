"""Read web-accessible folders: directory listings of Apache, nginx, IIS and others, with a metadata record per XML
file.

Listings are followed down to ten folders below the portal's address, on its host only. Links that sort a listing, lead
up, or leave the folder are not followed. Dates beside the names are not used, because they come in many forms without
time zone; conditional requests show what changed. A record is identified by its fileIdentifier, so a file may be
renamed. A record without one is identified by its address, and then a new file name is a new dataset.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from catalog.model import Dataset
from harvester.spiders.base.addresses import AddressSpider
from harvester.spiders.base.losses import PassedOver
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.documents import any_xml
from harvester.spiders.documents.xml_reading import canonical, local, parse_xml

if TYPE_CHECKING:
    from scrapy.http import Response

    from harvester.http.faults import RequestFault

__all__ = ["Spider", "links_of"]

MAX_DEPTH = 10
TOO_DEEP = f"folders over {MAX_DEPTH} levels deep"
NO_RECORDS = (
    "stylesheet", "transform", "schema", "urlset", "sitemapindex", "rss", "feed", "kml", "svg", "html", "gpx",
    "configuration", "project", "qgis", "VRTDataset", "PAMDataset", "WMT_MS_Capabilities", "WMS_Capabilities",
    "WFS_Capabilities", "Capabilities", "OpenSearchDescription", "FC_FeatureCatalogue",
)  # fmt: skip
"""Root elements of XML files that are no metadata records; they are common in such folders, and nothing is lost."""
TROUBLE = ("ExceptionReport", "ServiceExceptionReport", "Error", "error", "errors", "RequestFault")
"""Root elements of error reports that servers send with status 200 in place of a file."""
_LISTED = re.compile(rb"(?i)index of |directory listing|parent directory|\.\./")
"""Match the marks of a folder listing, which tell an empty folder from a page that is no listing."""
_BASE = re.compile(rb"""(?is)<base\s[^<>]*?href\s*=\s*["']([^"']+)["']""")
_HREF = re.compile(rb"""(?is)<a\s[^<>]*?href\s*=\s*("([^"]*)"|'([^']*)'|([^\s>]+))""")


class Spider(AddressSpider):
    """Spider for all metadata records (XML files) in a web-accessible folder and in the folders below it."""

    type = "waf"
    about = PortalTypeInfo(
        software="web-accessible folders of ISO 19139, 19115-3 or FGDC CSDGM files: Apache, nginx, IIS",
        paging="listings, folder by folder; then file by file",
        incremental="not offered",
        deletion="absent from the listings, or the file is gone",
        limits="ten folders deep; one request a file",
        loses="what the records have no place for: formats of single files; in FGDC the date of the last change",
        rank=30,
    )

    def listings(self) -> list[str]:
        self.has_begun = False
        url = self.portal.url
        if urlsplit(url).path.lower().endswith(".xml"):
            self.add(url)
            return []
        # A folder's address ends with a slash, which portal files may leave out.
        is_page = "?" in url or re.search(r"\.\w{2,5}$", urlsplit(url).path)
        return [url if is_page else f"{url}/"]

    def read_listing(self, response: Response) -> list[str]:
        body = response.body.lstrip()
        if body[:5] == b"<?xml" and b"<html" not in body[:1_000].lower():
            # This is a record itself, not a listing.
            self.add(response.url)
            return []
        is_first, self.has_begun = not self.has_begun, True
        if is_first:
            # If the portal has moved, its listings may still name files by the old address.
            self.folder, self.old_folder = _folder_of(response.url), _folder_of(response.meta["asked"])
        files, folders = links_of(response.body, response.url, self.folder, self.old_folder)
        shallow = [one for one in folders if _depth(one, self.folder) <= MAX_DEPTH]
        if len(shallow) < len(folders):
            self.stats.leave_out(TOO_DEEP, len(folders) - len(shallow))
        for url in files:
            self.add(url)
        is_listing = bool(files or folders or _LISTED.search(response.body[:200_000]))
        if is_first and not is_listing:
            raise ValueError("an HTML page came that lists neither XML files nor folders")
        return shallow

    def not_listed(self, url: str, fault: RequestFault) -> list[Any] | None:
        # Some servers know the folder only without its slash.
        if url == f"{self.portal.url}/" and len(self.listed) == 1:
            self.queue([self.portal.url])
            return []
        return None

    def read_address(self, response: Response) -> list[tuple[str, Any]]:
        root = parse_xml(response.body)
        if local(root) in TROUBLE:
            said = " ".join(" ".join(map(str, root.itertext())).split())[:200]
            raise ValueError(f"a report of an error came where a record was expected: {said}")
        inner = [one for one in root.iter() if any_xml.is_iso(one)]
        # A record is identified by the address in the listing, wherever it is served from.
        self.default_id: str | None = response.meta["asked"] if len(inner) <= 1 else None
        self._told(root)
        if any_xml.is_record(root) or not inner:
            return [("", canonical(root))]
        outer = [one for one in inner if not any(any_xml.is_iso(up) for up in one.iterancestors())]
        return [(f"/{n}", canonical(one)) for n, one in enumerate(outer)]

    def _told(self, root: Any) -> None:
        """Count the records that a stored catalogue-service response states in its total and does not hold."""
        for found in root.iter("{*}SearchResults") if local(root) == "GetRecordsResponse" else ():
            matched, returned = (found.get(f"numberOfRecords{name}") or "" for name in ("Matched", "Returned"))
            if matched.isdecimal() and int(matched) > (held := min(len(found), int(returned or len(found)))):
                self.stats.leave_out("records of a page of results that lies there alone", int(matched) - held)

    def non_dataset_id(self, raw: Any) -> str | None:
        return str(raw) if local(any_xml.root_of(raw)) in NO_RECORDS else any_xml.non_dataset_id(raw)

    def to_dataset(self, raw: Any) -> Dataset:
        root = any_xml.root_of(raw)
        if not any_xml.is_record(root):
            remedy = f'offer ISO 19139 or FGDC CSDGM; or move it elsewhere, or say outside = ["{local(root)}"]'
            raise PassedOver(f"<{local(root)}> is no metadata record that can be read", remedy, local(root))
        return any_xml.to_dataset(raw, self.default_id, self.languages)


def _folder_of(url: str) -> str:
    """Return the folder of a listing, which may be a page within it."""
    path = url.partition("?")[0]
    return path if path.endswith("/") else path.rpartition("/")[0] + "/"


def _depth(url: str, folder: str) -> int:
    return urlsplit(url).path.rstrip("/").count("/") - urlsplit(folder).path.rstrip("/").count("/")


def links_of(body: bytes, url: str, *below: str) -> tuple[list[str], list[str]]:
    """Return the addresses of XML files and of folders that a directory listing links to, as two lists, each address
    once.

    ``body`` and ``url``: the listing's HTML and address. ``below``: addresses of folders; only links that lead into one
    of these are returned. Links to folders must also lead into the folder of the listing.
    """
    if declared := _BASE.search(body[:20_000]):
        url = urljoin(url, unescape(declared[1].decode("utf-8", "replace")))
    own, bases = urlsplit(url), [urlsplit(folder) for folder in dict.fromkeys(below)]
    files: dict[str, None] = {}
    folders: dict[str, None] = {}
    for match in _HREF.finditer(body):
        href = unescape((match[2] or match[3] or match[4] or b"").decode("utf-8", "replace")).strip()
        try:
            link = urlsplit(urljoin(url, href))
        except ValueError:
            continue
        path = link.path
        is_below = any(path.startswith(base.path) and link.netloc == base.netloc for base in bases)
        is_below = is_below and ".." not in unquote(path).split("/")
        if link.scheme not in ("http", "https") or not is_below or path == own.path:
            continue
        address = f"{own.scheme}://{link.netloc}{path}"
        if path.lower().endswith(".xml"):
            files[address + (f"?{link.query}" if link.query else "")] = None
        elif path.endswith("/") and not link.query and path.startswith(own.path):
            folders[address] = None
    return list(files), list(folders)
