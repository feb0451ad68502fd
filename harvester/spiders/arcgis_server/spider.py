"""Read ArcGIS Server through its services directory, folder by folder.

API: developers.arcgis.com, "REST APIs", Catalog. Quirks handled:

- The directory is at ``/arcgis``, at ``/server``, or at the root.
- Errors come with status 200, as ``{"error": {"code": 499}}``.
- Folders that require a token are not public; they are reported.
- Services are listed with or without their folder's name.
- A stopped service cannot be described.
- People copy the address of a service, or of one layer, from a map; that service is then the whole portal.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from catalog.model import Dataset, HarvestError, HarvestPage
from harvester.facts.values import text
from harvester.http import faults
from harvester.spiders.arcgis_server.record import to_dataset
from harvester.spiders.base.losses import cut
from harvester.spiders.base.portal_spider import PortalSpider
from harvester.spiders.base.portal_type_info import PortalTypeInfo

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["Spider"]

ROOTS = ("/arcgis/rest/services", "/rest/services", "/server/rest/services")
"""Possible paths of the directory."""
TYPES = ("FeatureServer", "ImageServer", "MapServer")
"""Types of services that serve data."""
SECURED = (401, 403, 498, 499)
"""Error codes for "a token is required"; they come with status 200."""
_SERVICE = re.compile(rf"(?i)(?P<path>[^/]+/({'|'.join(TYPES)}))(/\d+)?$")
"""Match the end of an address that names a service, or a layer in it."""
MAX_FOLDERS = 5_000
MAX_MISSES = 20
"""Number of services in a row that cannot be described before the harvest ends."""


class Spider(PortalSpider):
    """Spider for all public services of an ArcGIS Server that serve data; each service is a dataset."""

    type = "arcgis-server"
    about = PortalTypeInfo(
        software="ArcGIS Server 10 and 11, hosted services of ArcGIS Online",
        paging="folder by folder; then service by service, conditionally",
        incremental="not offered",
        deletion="absent from a complete harvest",
        limits="services that need a token",
        loses="publishers, licences, dates: they are in the portal beside it, if there is one",
        rank=40,
    )

    async def begin(self) -> AsyncIterator[Any]:
        self.root = 0
        self.folders: list[str] = [""]
        self.met: set[str] = {""}
        self.services: list[str] = []
        self.tried: list[str] = []
        self.unread: list[str] = []
        self.misses = 0
        own = _SERVICE.search(self.address)
        if own is None:
            yield self.list_folder("")
            return
        beyond = self.address[len(self.base) : own.end("path")].strip("/")
        for step in self.page_cursor([], [beyond]):
            yield step

    @property
    def base(self) -> str:
        """Return the address of the ArcGIS Server's services directory.

        If the portal's address is that of a service, this is the directory that contains the service. If the portal's
        address contains "/rest/services", it is returned as it is. Otherwise the one of ROOTS that is being tried is
        appended to it.
        """
        own = _SERVICE.search(self.address)
        if own is not None:
            root, services, _ = self.address.partition("/rest/services")
            return root + services if services else self.address[: own.start()].rstrip("/")
        return self.address if "/rest/services" in self.address else self.address + ROOTS[self.root]

    @property
    def address(self) -> str:
        """Return the portal's address without query, fragment and trailing slash."""
        return re.split(r"[?#]", self.portal.url)[0].rstrip("/")

    # Folders

    def list_folder(self, folder: str) -> Request:
        """Return the request for the services and subfolders in a folder of the ArcGIS Server's directory.

        ``folder``: its path; "" is the root.
        """
        address = f"{self.base}/{quote(folder)}" if folder else self.base
        return self.request(
            f"{address}?f=json",
            self.on_folder,
            errback=self.on_folder_failed,
            is_conditional=True,
            cb_kwargs={"folder": folder},
        )

    async def on_folder(self, response: Response, folder: str) -> AsyncIterator[Any]:
        """Read the services and subfolders in ``response``, the list of a folder of the ArcGIS Server's directory, and
        request the next folder or service.

        ``folder``: its path; "" is the root. If the response says that nothing changed, the lists of the last harvest
        are used. If it lists no services or is an error, the steps are those of :meth:`no_folder`.
        """
        if known := self.remembered(response):
            yield self.unchanged(known)
            for step in self.page_cursor(known.state["folders"], known.state["services"]):
                yield step
            return
        fault, body = self.body_of(response)
        if fault is None and not isinstance(body.get("services"), list):
            fault = faults.RequestFault(
                "parse", "unknown", "the response lists no services", "check that it is ArcGIS Server"
            )
        if fault is not None:
            for step in self.no_folder(fault, folder, response.url, body):
                yield step
            return
        listed = body.get("folders")
        listed = listed if isinstance(listed, list) else []
        folders = [f"{folder}/{name}".lstrip("/") for one in listed if (name := text(one))]
        services = [path for one in body["services"] if (path := _path(one, folder))]
        yield self.page(response, [], state={"folders": folders, "services": services})
        for step in self.page_cursor(folders, services):
            yield step

    async def on_folder_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed request for a folder of the ArcGIS Server's directory as :meth:`no_folder` describes."""
        request: Request = failure.request  # type: ignore[attr-defined]
        for step in self.no_folder(self.fault_of(failure), request.cb_kwargs["folder"], request.url):
            yield step

    def no_folder(self, fault: faults.RequestFault, folder: str, url: str, value: Any = None) -> list[Any]:
        """Report a folder of the ArcGIS Server's directory that cannot be listed; return the error report and the next
        request.

        ``fault``: why it cannot. ``folder``: its path; "" is the root. ``url`` and ``value``: the address and content
        for the error report. If the root does not exist and the portal's address names no directory, only the request
        for the next of ROOTS is returned. Any other fault of the root ends the harvest with an error. A folder that
        requires a token is noted as not public; after any other folder that cannot be listed, the harvest cannot be
        complete.
        """
        if not folder:
            is_elsewhere = fault.kind == "gone" and "/rest/services" not in self.portal.url
            self.tried.append(f"{url}: {fault.detail}")
            if is_elsewhere and self.root + 1 < len(ROOTS):
                self.root += 1
                return [self.list_folder("")]
            return [self.fatal(fault.kind, "; ".join(self.tried), fault.remedy, url, value or None)]
        if fault.kind == "auth":
            note = f"the folder {folder} is not open to everyone: {fault.detail}"
            self.stats.notes += [] if note in self.stats.notes else [note]
        else:
            self.unread.append(folder)
        return [HarvestPage(errors=self.written([_error(fault, url, value, is_lost=False)])), *self.page_cursor([], [])]

    def page_cursor(self, folders: list[str], services: list[str]) -> list[Any]:
        """Add ``folders`` and ``services``, lists of new paths, to those still to be read, and return the next step.

        It is the request for the next folder, in a list. After the last folder, the services are sorted, and the result
        is that of :meth:`describe_next` for the first of them, or for the one at which an interrupted harvest stopped.
        At most MAX_FOLDERS folders are read; any others count as not listed.
        """
        new = [folder for folder in dict.fromkeys(folders) if folder not in self.met]
        room = max(0, MAX_FOLDERS - len(self.met))
        self.unread += new[room:]
        new = new[:room]
        self.met.update(new)
        self.folders = self.folders[1:] + new
        self.services += services
        if self.folders:
            return [self.list_folder(self.folders[0])]
        self.services = sorted(set(self.services))
        self.stats.advertise(len(self.services))
        digest = hashlib.sha256("\n".join(self.services).encode("utf-8", "surrogatepass")).hexdigest()
        self.listed = digest
        if self.cursor and self.cursor["listed"] != digest:
            self.start_over("the list of services changed while it was read: begun again")
            self.stats.advertise(len(self.services))
        return self.describe_next(self.cursor["done"] if self.cursor else 0)

    # Services

    def describe_next(self, done: int) -> list[Any]:
        """Return a list with the request for the description of the next ArcGIS Server service.

        ``done``: how many services were read already. After the last service the list is empty and the harvest
        complete. If some folders could not be listed, the list holds an error instead.
        """
        if done < len(self.services):
            return [
                self.request(
                    f"{self.base}/{quote(self.below(self.services[done]))}?f=json",
                    self.on_service,
                    errback=self.on_service_failed,
                    is_conditional=True,
                    cb_kwargs={"done": done},
                )
            ]
        if self.unread:
            message = f"{len(self.unread)} folders could not be listed: {', '.join(self.unread[:20])}"
            return [self.fatal("page", message[:500], "check the server's log; the other folders were read", self.base)]
        self.stats.end("all services are described")
        return []

    def below(self, path: str) -> str:
        """Return ``path``, the path of an ArcGIS Server service, without the folder in the portal's address.

        If the portal's address is that of the folder "Water", "Water/Wells/MapServer" becomes "Wells/MapServer". If it
        names no folder, ``path`` is returned unchanged.
        """
        folder = self.base.partition("/rest/services")[2].strip("/")
        return path.removeprefix(f"{folder}/") if folder else path

    def look_up(self, identifier: str, source_url: str) -> str | None:
        return f"{self.base}/{quote(self.below(identifier))}?f=json"

    def says_unknown(self, response: Response) -> bool:
        """Return whether the body of ``response`` says that the ArcGIS Server service does not exist.

        It does if it holds an error with the code 404 or 410. The code 500, which older servers send, counts if the
        message says that the service is not found or does not exist.
        """
        body = self.read_json(response)
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            return False
        is_named = re.search(r"(?i)\bservice\b.*\b(not found|does not exist)", str(error.get("message")))
        return error.get("code") in (404, 410) or bool(error.get("code") == 500 and is_named)

    def shows(self, response: Response, identifier: str) -> bool:
        return self.body_of(response)[0] is None

    async def on_service(self, response: Response, done: int) -> AsyncIterator[Any]:
        """Read the description of an ArcGIS Server service in ``response``, and request the next one.

        ``done``: how many services were read before. If the response says that nothing changed, the record of the last
        harvest is used. If it holds no description, the steps are those of :meth:`not_described`.
        """
        cursor = {"listed": self.listed, "done": done + 1}
        if known := self.remembered(response):
            yield self.unchanged(known, cursor=cursor)
            for step in self.describe_next(done + 1):
                yield step
            return
        fault, body = self.body_of(response)
        if fault is not None:
            for step in self.not_described(fault, done, response.url, body):
                yield step
            return
        self.misses = 0
        path = self.services[done]
        address = f"{self.base}/{quote(self.below(path))}"
        yield self.page(response, [("", {"service": path, "url": address, "answer": body})], cursor=cursor, state={})
        for step in self.describe_next(done + 1):
            yield step

    async def on_service_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed request for an ArcGIS Server service as :meth:`not_described` describes."""
        request: Request = failure.request  # type: ignore[attr-defined]
        for step in self.not_described(self.fault_of(failure), request.cb_kwargs["done"], request.url):
            yield step

    def not_described(self, fault: faults.RequestFault, done: int, url: str, value: Any = None) -> list[Any]:
        """Count a service whose description cannot be read, and return the error report and the request for the next
        service.

        ``fault``: why it cannot. ``done``: how many services were read before. ``url`` and ``value``: the address and
        content for the error report. A service that requires a token counts as not public, any other as a lost record.
        After MAX_MISSES lost ones in a row, an error that ends the harvest takes the place of the next request.
        """
        is_secured = fault.kind == "auth"
        self.stats.seen += 1
        self.stats.skipped += is_secured
        self.stats.lost += not is_secured
        self.misses = 0 if is_secured else self.misses + 1
        errors = self.written([_error(fault, url, value, is_lost=not is_secured)])
        page = HarvestPage(errors=errors, checkpoint=self.checkpoint({"listed": self.listed, "done": done + 1}))
        if self.misses < MAX_MISSES:
            return [page, *self.describe_next(done + 1)]
        left = len(self.services) - done - 1
        message = f"{MAX_MISSES} services in a row could not be described; {left} more were not tried"
        return [page, self.fatal("page", message, "check the server's log", url)]

    # Responses

    def body_of(self, response: Response) -> tuple[faults.RequestFault | None, dict[str, Any]]:
        """Return the fault of ``response`` (None if it has none) and its body as a JSON object.

        The body is {} if it is not readable or no object; that is a fault. An error in the body of a response with
        status 200 is a fault too. A refusal that does not come from the ArcGIS Server, such as 403 without its error
        code, is of the kind "blocked" and not "auth".
        """
        fault = faults.of_response(response)
        try:
            body = self.read_json(response)
        except ValueError as error:
            remedy = f"check that {self.portal.url} is the address of an ArcGIS Server"
            if fault is not None and fault.kind == "auth" and response.status != 401:
                fault = faults.RequestFault(
                    "blocked", "unknown", fault.detail, "ask the operator to admit this program"
                )
            return fault or faults.RequestFault("parse", "unknown", str(error), remedy), {}
        if not isinstance(body, dict):
            return fault or faults.RequestFault(
                "parse", "unknown", "the response is not an object", "check the server's log"
            ), {}
        said = body.get("error")
        code = said.get("code") if isinstance(said, dict) else None
        if fault is not None and fault.kind == "auth" and response.status != 401 and code not in SECURED:
            # A proxy's refusal says nothing about tokens of the server; the service behind it may be public.
            fault = faults.RequestFault("blocked", "unknown", fault.detail, "ask the operator to admit this program")
        if fault is None and said is not None:
            words = f"the server says error {code}: {text(said.get('message')) if isinstance(said, dict) else said}"
            if code in SECURED:
                fault = faults.RequestFault(
                    "auth", "unknown", words, "open the service to everyone, or remove it from the listing"
                )
            else:
                fault = faults.RequestFault(
                    "gone" if code == 404 else "server", "unknown", words, "look at the server's log"
                )
        return fault, body

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw)


def _path(service: Any, folder: str) -> str | None:
    """Return ``folder/name/type`` of a directory entry; None if it serves no data."""
    if not isinstance(service, dict) or service.get("type") not in TYPES:
        return None
    name = text(service.get("name"))
    if name is None:
        return None
    is_whole = not folder or name.startswith(f"{folder}/")
    return f"{name if is_whole else f'{folder}/{name}'}/{service['type']}"


def _error(fault: faults.RequestFault, url: str, value: Any, *, is_lost: bool) -> HarvestError:
    return HarvestError(
        kind=fault.kind,
        message=f"{url}: {fault.detail}",
        remedy=fault.remedy,
        url=url,
        value=cut(value or None),
        is_lost=is_lost,
    )
