"""Read DCAT and DCAT-AP as RDF: Turtle, N-Triples, RDF/XML or JSON-LD.

Quirks handled: hydra paging in both of its vocabularies (``next`` and ``nextPage``), as IRI or text, even to another
host or scheme. A page past the end may be empty. JSON-LD contexts are never fetched. Some datasets are only mentioned,
and some distributions are described on a later page. A malformed statement is lost alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

from scrapy import Request
from scrapy.http import Response

from catalog.model import Dataset, HarvestError, HarvestPage
from catalog.model.canonical import json_text
from harvester.http import faults
from harvester.spiders.base.feed import FeedSpider
from harvester.spiders.base.json_stream import Element, StreamEnd, UnreadableElement
from harvester.spiders.base.losses import cut
from harvester.spiders.base.next_links import host_name, media_type_of
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.dcat_rdf.record import to_dataset
from harvester.spiders.rdf.child import RdfChild, RdfSummary
from harvester.spiders.rdf.files import syntax_of
from harvester.spiders.rdf.kept import Lenient, lenient
from harvester.spiders.rdf.nodes import RELATIVE, Node, own_part

if TYPE_CHECKING:
    from twisted.python.failure import Failure

__all__ = ["Spider"]

PLACES = ("", "/catalog.ttl", "/catalog.rdf", "/catalog.xml", "/catalog.jsonld", "/catalog.n3", "/feeds/dcat")
"""Usual paths of a catalogue, below the portal's address."""
MAX_MEMBERS = 1_000
"""Maximum number of datasets requested alone because they are listed and not described."""
PARTS = ("dcat:distribution", "dcat:distributions")


class Spider(FeedSpider):
    """Spider for all datasets of a DCAT catalogue that is published as RDF documents."""

    type = "dcat-rdf"
    about = PortalTypeInfo(
        software="DCAT 2 and 3, DCAT-AP and its national profiles: Turtle, N-Triples, RDF/XML, JSON-LD",
        paging="hydra links (`next`, `nextPage`); documents are read from disk statement by statement",
        incremental="not offered",
        deletion="absent from all pages",
        limits="JSON-LD up to 200 MB; contexts are not fetched",
        loses="what the portal's software does not express in DCAT",
        rank=70,
    )
    element = "statement"
    broken = "a statement cannot be read"
    headers: ClassVar[dict[str, str]] = {
        "Accept": "text/turtle, application/n-triples;q=0.9, application/rdf+xml;q=0.8, application/ld+json;q=0.7, "
        "*/*;q=0.1"
    }

    choice = 0
    """Index of the address that is tried."""
    reading: RdfSummary | None = None
    """Summary of the current document; None if it could not be read, and ``unread`` says why."""
    unread = ""

    @cached_property
    def child(self) -> RdfChild:
        """Return the child processes in which RDF documents are parsed; they are started when first needed."""
        return RdfChild()

    def closed(self, reason: str) -> None:
        """Stop the child processes that parse RDF. Scrapy calls this when the spider has finished, for any
        ``reason``.
        """
        if "child" in self.__dict__:
            self.child.close()

    @property
    def places(self) -> tuple[str, ...]:
        """Return the addresses at which the catalogue may be.

        If the portal's address names a document, that is the only one. Otherwise they are the portal's address and
        usual paths below it, such as ``/catalog.ttl``.
        """
        url = self.portal.url
        is_document = "?" in url or re.search(r"(?i)\.(ttl|rdf|xml|jsonld|json|nt|n3)$", url)
        return (url,) if is_document else tuple(url.rstrip("/") + place for place in PLACES)

    @property
    def feed(self) -> str:
        return self.places[self.choice]

    def fallback(self, number: int) -> Request | None:
        if self.choice + 1 >= len(self.places):
            return None
        self.choice += 1
        return self.get_feed(1)

    def begin_feed(self) -> Any:
        place = self.cursor or {}
        self.waiting: dict[str, Node] = place.get("waiting", {})
        """Datasets some of whose distributions are not described yet."""
        self.members: set[str] = set(place.get("members", ()))
        """Datasets that a catalogue lists and that no page has described yet."""
        self.members_here: list[str] = []
        self.looked_up = 0
        return super().begin_feed()

    def at_page(self) -> dict[str, Any]:
        return {"waiting": json.loads(json_text(self.waiting)), "members": sorted(self.members)}

    def before_page(self, number: int, more: bool | str) -> dict[str, Any]:
        own = {"waiting": self.waiting, "members": sorted(self.members)}
        return {**super().before_page(number, more), **own}

    def state_of_page(self) -> dict[str, Any]:
        return {"members": self.members_here}

    def recall(self, state: dict[str, Any]) -> None:
        self.members.update(state.get("members", ()))

    # Reading

    async def prepare(self, path: Path, response: Response) -> None:
        """Parse the RDF document saved at ``path`` in a child process with limited memory and time.

        The result is kept in ``reading``. If the document is no RDF, ``reading`` is None and ``unread`` says why.
        """
        with path.open("rb") as file:
            head = file.read(65_536)
        self.reading = None
        syntax = syntax_of(head, (response.headers.get("Content-Type") or b"").decode("latin-1"))
        if syntax is None:
            what = "an HTML or XML page came where RDF was expected" if b"<" in head[:200] else "the response is no RDF"
            self.unread = what if head.strip() else "the response is empty"
            return
        awaited = {
            one["@id"]
            for node in self.waiting.values()
            for name in PARTS
            for one in node.get(name, ())
            if _is_bare(one)
        }
        self.reading = await self.child.read(
            path, path.with_suffix(".read"), syntax=syntax.media_type, url=response.url, awaited=sorted(awaited)
        )

    def elements(self, path: Path, response: Response) -> Iterator[Any]:
        reading = self.reading
        if reading is None:
            yield StreamEnd(self.unread, {})
            return
        try:
            self.stats.notes += [note for note in reading.notes if note not in self.stats.notes]
            yield from self.described(reading)
        finally:
            shutil.rmtree(path.with_suffix(".read"), ignore_errors=True)

    def described(self, reading: RdfSummary) -> Iterator[Any]:
        """Yield everything found in a document: datasets, unreadable records, and a StreamEnd last.

        ``reading``: the summary of the parsed document. The order is: records that only the lenient parser could read;
        the datasets that earlier pages named and this document completes; the datasets of this document; statements
        that cannot be read and belong to no dataset. A dataset that contains a statement that cannot be read is yielded
        as unreadable. If a page follows, a dataset some of whose distributions are only named is kept for later in
        ``waiting``. If none follows, all datasets in ``waiting`` are yielded as they are.
        """
        yield from (Lenient(message, near) for message, near in reading.lenient)
        head = reading.head
        damaged = {near: message for message, near in reading.faults if near}
        named: set[str] = set()
        index, self.stands_alone = 0, not self.waiting
        for iri, node in chain(self.completed(reading), reading.nodes()):
            if hit := damaged and _ids(node) & damaged.keys():
                # The rest of such a dataset would be judged as if it were complete.
                named |= hit
                yield UnreadableElement(index, damaged[min(hit)], "", iri)
            elif iri and head.get("next") and _undescribed(node):
                self.waiting[iri] = node
                self.stands_alone = False
            else:
                yield Element(index, node, iri)
            index += 1
        others: list[tuple[str | None, str]] = [(n, message) for n, message in damaged.items() if n not in named]
        others += [(None, message) for message, near in reading.faults if near is None]
        for near, message in others:
            yield UnreadableElement(index, message, "", near)
            index += 1
        if not head.get("next"):
            for iri in sorted(self.waiting):
                yield Element(index, self.waiting[iri], iri)
                index += 1
            self.waiting = {}
        hit_by_faults = {near.removeprefix(RELATIVE) for near in damaged}
        self.members_here = [iri for iri in reading.listed_only if iri not in hit_by_faults]
        self.members.update(self.members_here)
        why_cut = reading.fault or head.get("fault") or ("the document breaks off" if reading.is_cut else None)
        if not reading.triples and not reading.faults and not reading.fault:
            why_cut = "the document holds no RDF statement"
        yield StreamEnd(why_cut, head)

    def batch(self, batch: list[Any], response: Response, reading: Any, cursor: dict[str, Any] | None) -> HarvestPage:
        """Return the page that stores some of the datasets and errors of a document.

        ``batch``: the datasets and errors. ``response``: the response with the document. ``reading`` collects what is
        stored with the response. ``cursor``: where an interrupted harvest continues after this page. A record that only
        the lenient parser could read is stored and does not count as lost, but is reported as an error.
        """
        errors = [lenient(one, response.url) for one in batch if isinstance(one, Lenient)]
        reading.remember(errors)
        page = super().batch([one for one in batch if not isinstance(one, Lenient)], response, reading, cursor)
        return replace(page, errors=page.errors + self.written(errors))

    def completed(self, reading: RdfSummary) -> list[tuple[str, Node]]:
        """Return the datasets of earlier pages that the document just read completes, as (IRI, description).

        An earlier page named their distributions without describing them. ``reading``: the summary of the document,
        which describes them.
        """
        whole = []
        for iri, node in list(self.waiting.items()):
            for name in PARTS:
                node[name] = [
                    reading.described.get(one["@id"], one) if _is_bare(one) else one for one in node.get(name, ())
                ]
            if not _undescribed(node):
                whole.append((iri, self.waiting.pop(iri)))
        return whole

    def more(self, end: StreamEnd, on_page: int) -> bool | str:
        self.stats.advertise(end.head.get("total"))
        if found := end.head.get("next"):
            return str(found)
        # A page without paging links that has as many datasets as a CKAN page: another one may follow.
        return not end.head.get("is_paged") and super().more(end, on_page)

    def look_up(self, identifier: str, source_url: str) -> str | None:
        is_own = _is_askable(identifier) and host_name(identifier) == host_name(self.portal.url)
        return identifier if is_own else None

    # Members that no page describes

    def at_feed_end(self) -> list[Any]:
        wanted = sorted(self.members - self.seen_ids)
        own = [one for one in wanted if _is_askable(one) and host_name(one) == host_name(self.portal.url)]
        for one in set(wanted) - set(own):
            self.stats.leave_out(host_name(one) or "datasets without an address")
        if len(own) > MAX_MEMBERS:
            self.stats.lost += len(own) - MAX_MEMBERS
            self.stats.notes.append(
                f"{len(own):,} datasets are listed and not described; {MAX_MEMBERS:,} were looked up"
            )
        self.members = set(own[:MAX_MEMBERS])
        if not own:
            return super().at_feed_end()
        ask = partial(self.request, callback=self.on_member, errback=self.on_member_failed, headers=self.headers)
        return [ask(one, cb_kwargs={"iri": one}) for one in own[:MAX_MEMBERS]]

    async def on_member(self, response: Response, iri: str) -> AsyncIterator[Any]:
        """Read a dataset that the catalogue lists but does not describe, from the document at its own address.

        ``response``: the response with that document. ``iri``: the dataset's IRI, which is its address. If the document
        cannot be requested or does not describe the dataset, see :meth:`member_missed`.
        """
        fault = faults.of_response(response)
        node = None
        if fault is None:
            node = await self.member_in(response, iri)
            said = "the catalogue lists the dataset, and neither it nor this address describes it"
            fault = (
                faults.RequestFault("parse", "unknown", said, "describe the dataset in the catalogue")
                if node is None
                else None
            )
        for step in self.member_missed(fault, iri) if fault else [self.page(response, [(iri, node)])]:
            yield step
        for step in self.member_done(iri):
            yield step

    async def on_member_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed request for a dataset that the catalogue lists but does not describe; see
        :meth:`member_missed`.
        """
        iri = failure.request.cb_kwargs["iri"]  # type: ignore[attr-defined]
        for step in [*self.member_missed(self.fault_of(failure), iri), *self.member_done(iri)]:
            yield step

    async def member_in(self, response: Response, iri: str) -> Node | None:
        """Return the description of the dataset ``iri`` in ``response``, the document at its own address.

        If the document describes a single dataset, that one is returned even under another IRI. The result is None if
        the document is no RDF, does not describe the dataset or was not read to its end.
        """
        syntax = syntax_of(response.body[:65_536], media_type_of(response))
        if syntax is None:
            return None
        # Several such documents may be read at the same time.
        name = hashlib.blake2b(iri.encode("utf-8", "replace"), digest_size=8).hexdigest()
        path = self.path.with_suffix(f".{name}")
        folder = path.with_suffix(f".{name}-read")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(response.body)
        try:
            reading = await self.child.read(path, folder, syntax=syntax.media_type, url=response.url, awaited=[])
            named = {_whole(one or "", response.url): node for one, node in reading.nodes()}
            self.unsaid += [lenient(Lenient(*one), response.url) for one in reading.lenient]
            found = named.get(iri) or (next(iter(named.values())) if len(named) == 1 else None)
            # The dataset keeps the IRI that the catalogue gives it.
            return None if found is None or reading.is_cut else {**found, "@id": iri}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            path.unlink(missing_ok=True)

    def member_missed(self, fault: faults.RequestFault, iri: str) -> list[Any]:
        """Report a dataset that the catalogue lists but does not describe, and that its own address does not describe.

        ``iri``: its IRI and address. It counts as deleted if ``fault`` is 404 or 410, otherwise as a lost record. The
        result is a list with the page that stores the error.
        """
        if fault.kind == "gone":
            self.stats.gone += 1
        else:
            self.stats.lost += 1
        self.stats.seen += 1
        error = HarvestError(
            kind=fault.kind, message=f"{iri}: {fault.detail}", remedy=fault.remedy, url=iri, record_id=cut(iri)
        )
        return [HarvestPage(errors=self.written([error]))]

    def member_done(self, iri: str) -> list[Any]:
        """Note that the request for the dataset ``iri`` is finished; after the last such request, end the harvest.

        These requests are for datasets that the catalogue lists but does not describe. The result is [] as long as
        others are still under way.
        """
        self.members.discard(iri)
        return [] if self.members else super().at_feed_end()

    def own_part(self, raw: Any) -> Any:
        return own_part(raw)

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.languages)


def _whole(iri: str, base: str) -> str:
    """Return an IRI; a relative one is joined to its document's address."""
    try:
        return urljoin(base, iri.removeprefix(RELATIVE)) if iri.startswith(RELATIVE) else iri
    except ValueError:
        return iri


def _is_askable(iri: str) -> bool:
    return iri.startswith(("http://", "https://")) and host_name(iri) is not None


def _is_bare(node: Any) -> bool:
    """Return whether a node has nothing but its IRI."""
    return set(node) == {"@id"}


def _undescribed(node: Node) -> bool:
    """Return whether some distributions of a dataset have nothing but their IRI."""
    return any(_is_bare(one) for name in PARTS for one in node.get(name, ()))


def _ids(node: Any) -> set[str]:
    """Return all IRIs in a description."""
    if isinstance(node, dict):
        own = {node["@id"]} if "@id" in node else set()
        return own.union(*(_ids(value) for value in node.values()))
    return set().union(*(_ids(one) for one in node)) if isinstance(node, list) else set()
