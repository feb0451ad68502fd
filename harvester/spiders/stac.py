"""STAC 1.0: the collections of an API or of a static catalogue. A collection is a dataset; items are never read.

Quirks handled: next links by GET; one that wants POST ends the harvest with words, for half a listing is no listing;
static catalogues, whose links lead to further catalogues and collections, one file each; links that lead elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from catalog.model import DataService, Dataset, Distribution, Publisher
from harvester.spiders.about import About
from harvester.spiders.addresses import AddressSpider
from harvester.spiders.losses import LostRecord
from harvester.spiders.values import first, text, texts

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["Spider", "to_dataset"]


class Spider(AddressSpider):
    """All collections of a STAC API or static catalogue."""

    type = "stac"
    about = About(
        software="STAC 1.0: APIs with `/collections`, and static catalogues",
        paging="next links; in static catalogues link by link",
        incremental="not offered",
        deletion="absent from a complete listing",
        limits="items are not read; next links by POST are refused",
        loses="contact points, frequency; publishers are providers",
        rank=50,
    )

    def listings(self) -> list[str]:
        url = self.portal.url
        is_file = url.endswith((".json", "/collections")) or "?" in url
        return [url if is_file else f"{url}/collections"]

    def not_listed(self, url: str, why: str) -> list[Any] | None:
        # What is no API may be a catalogue of files.
        if url == f"{self.portal.url}/collections" and f"{self.portal.url}/catalog.json" not in self.listed:
            self.queue([self.portal.url, f"{self.portal.url}/catalog.json"])
            return []
        if url == self.portal.url and self.waiting:
            return []
        return None

    def read_listing(self, response: Response) -> list[str]:
        answer = self.read_json(response)
        if not isinstance(answer, dict):
            raise ValueError("the answer is no STAC document")
        links = [one for one in answer.get("links") or () if isinstance(one, dict)]
        collections = answer.get("collections")
        if isinstance(collections, list):
            return self.of_api(answer, links, response)
        if answer.get("type") == "Collection":
            self.add(response.url)
            return self.children(links, response)
        if "stac_version" not in answer:
            raise ValueError("the answer is no STAC document: it has no stac_version")
        return self.children(links, response)

    def of_api(self, answer: dict[str, Any], links: list[dict[str, Any]], response: Response) -> list[str]:
        """The collections of a page, and the next page."""
        self.tally.advertise(answer.get("numberMatched"))
        for n, one in enumerate(answer["collections"]):
            own = next((link["href"] for link in _links(one) if link.get("rel") == "self" and link.get("href")), "")
            raw = {**one, "@url": urljoin(response.url, str(own))} if isinstance(one, dict) else one
            self.found.append((f"/collections/{n}", raw))
        following = next((link for link in links if link.get("rel") == "next" and link.get("href")), None)
        if following is None:
            return []
        if str(following.get("method", "GET")).upper() != "GET":
            raise ValueError("the next page wants a POST: the rest of the collections was not read")
        return [urljoin(response.url, str(following["href"]))]

    def children(self, links: list[dict[str, Any]], response: Response) -> list[str]:
        """Further documents of a static catalogue. Items are none."""
        found = [
            urljoin(response.url, str(link["href"]))
            for link in links
            if link.get("rel") == "child" and link.get("href")
        ]
        return [one for one in found if self.is_near(one)]

    def is_near(self, url: str) -> bool:
        """Whether an address lies on the portal's own host."""
        return (urlsplit(url).hostname or "") == (urlsplit(self.portal.url).hostname or "")

    def read_address(self, response: Response) -> list[tuple[str, Any]]:
        answer = self.read_json(response)
        if not isinstance(answer, dict) or "description" not in answer and "id" not in answer:
            raise ValueError("the answer is no STAC collection")
        return [("", {**answer, "@url": response.url})]

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw)


_WEB = ("about", "describedby", "documentation")


def _links(raw: Any) -> list[dict[str, Any]]:
    links = raw.get("links") if isinstance(raw, dict) else None
    return [one for one in links if isinstance(one, dict)] if isinstance(links, list) else []


def to_dataset(raw: Any) -> Dataset:
    """The dataset of a collection, with its address under "@url". Raises LostRecord where it has no id."""
    if not isinstance(raw, dict):
        raise LostRecord("the collection is not an object", "ask the portal to mend it", value=raw)
    identifier = text(raw.get("id"))
    if identifier is None:
        raise LostRecord("the collection has no id", "ask the portal to mend it", "/id")
    base = str(raw.get("@url") or "")
    start, end = _interval(raw)
    extent = raw.get("extent") if isinstance(raw.get("extent"), dict) else {}
    boxes = (extent or {}).get("spatial")
    boxes = boxes.get("bbox") if isinstance(boxes, dict) else None
    boxes = boxes if isinstance(boxes, list) else []

    def linked(*rels: str) -> tuple[str, ...]:
        return tuple(
            urljoin(base, str(one["href"])) for one in _links(raw) if one.get("rel") in rels and one.get("href")
        )

    licence = text(raw.get("license"))
    named = linked("license")
    assets = raw.get("assets") if isinstance(raw.get("assets"), dict) else {}
    return Dataset(
        identifier=identifier,
        title=text(raw.get("title")),
        description=text(raw.get("description")),
        keywords=texts(raw.get("keywords")),
        publisher=_publisher(raw),
        # "proprietary", "various" and "other" say: see the link.
        licence=named[0] if named else licence,
        licence_title=licence if named else None,
        # STAC, common metadata: at the root "created" and "updated" are dates of the metadata.
        record_modified=text(raw.get("updated")),
        spatial=tuple(" ".join(map(str, box)) for box in boxes if isinstance(box, list))
        if isinstance(boxes, list)
        else (),
        temporal_start=start,
        temporal_end=end,
        landing_page=next(iter(linked("alternate", "canonical", "about")), None),
        documentation=linked(*_WEB),
        other_identifiers=tuple(one for one in (text(raw.get("sci:doi")),) if one),
        is_part_of=None,
        distributions=tuple(
            Distribution(
                identifier=str(name),
                title=text(one.get("title")),
                description=text(one.get("description")),
                access_url=urljoin(base, str(one["href"])) if one.get("href") else None,
                download_url=urljoin(base, str(one["href"])) if one.get("href") and _is_data(one) else None,
                media_type=text(one.get("type")),
                byte_size=text(one.get("file:size")),
                checksum=text(one.get("file:checksum")),
            )
            for name, one in (assets or {}).items()
            if isinstance(one, dict) and not _is_picture(one)
        ),
        data_services=tuple(
            DataService(title=first(one.get("title"), "STAC items"), endpoint_url=urljoin(base, str(one["href"])))
            for one in _links(raw)
            if one.get("rel") == "items" and one.get("href")
        ),
    )


def _is_data(asset: dict[str, Any]) -> bool:
    return "data" in texts(asset.get("roles"))


def _is_picture(asset: dict[str, Any]) -> bool:
    """A thumbnail or the record itself in another form: no way to get at the data."""
    return bool({"thumbnail", "overview", "metadata"} & set(texts(asset.get("roles"))))


def _interval(raw: dict[str, Any]) -> tuple[str | None, str | None]:
    """The first interval of the extent, which is the whole one."""
    extent = raw.get("extent")
    temporal = extent.get("temporal") if isinstance(extent, dict) else None
    intervals = temporal.get("interval") if isinstance(temporal, dict) else None
    whole = intervals[0] if isinstance(intervals, list) and intervals and isinstance(intervals[0], list) else []
    start, end = (text(one) for one in [*whole, None, None][:2])
    return start, end


def _publisher(raw: dict[str, Any]) -> Publisher | None:
    """The provider that produces the data; else who licenses or hosts it; else the first."""
    providers = [one for one in raw.get("providers") or () if isinstance(one, dict) and text(one.get("name"))]
    for role in ("producer", "licensor", "host", None):
        for one in providers:
            if role is None or role in texts(one.get("roles")):
                return Publisher(name=str(text(one.get("name"))), url=text(one.get("url")))
    return None
