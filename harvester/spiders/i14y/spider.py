"""Read I14Y, the interoperability platform of the Swiss administration: DCAT-AP-CH as JSON.

``/api/datasets?page=N&pageSize=M``; an empty page is the end. The date "0001-01-01" means that there is none. A page
that answers 404 does not prove the end: what was read is kept, and the harvest is partial.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.facts import worded_values
from harvester.facts.values import email, first, text
from harvester.spiders.base.declared_api import DeclaredApiSpider, ListingApi
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.base.portal_type_info import PortalTypeInfo

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["Spider", "to_dataset"]

_UUID = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Spider(DeclaredApiSpider):
    """Spider for all public datasets of I14Y, the interoperability platform of the Swiss administration."""

    type = "i14y"
    about = PortalTypeInfo(
        software="I14Y, the Swiss interoperability platform",
        paging="by page number; an empty page is the end",
        incremental="not offered",
        deletion="absent from a complete listing",
        limits="states no total",
        loses="nothing that the platform holds of its datasets",
        rank=85,
    )
    max_rows = 100
    api = ListingApi(
        name="the I14Y platform",
        query="/api/datasets?page={page}&pageSize={size}",
        records="/data",
        messages=("/detail", "/title"),
        is_list_allowed=True,
    )

    @property
    def base(self) -> str:
        return self.portal.url.split("/api/datasets")[0].rstrip("/")

    def look_up(self, identifier: str, source_url: str) -> str | None:
        # The platform finds datasets only by its own identifiers.
        return f"{self.base}/api/datasets/{identifier}" if _UUID.fullmatch(identifier) else None

    def shows(self, response: Response, identifier: str) -> bool:
        body = self.read_json(response)
        told = body.get("data", body) if isinstance(body, dict) else None
        return isinstance(told, dict) and text(told.get("id")) == identifier

    def refusal(self, body: Any) -> Exception:
        said = self.api.message(body)
        return ValueError("the response has no list of datasets" + (f": {said}" if said else ""))

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.languages)


def to_dataset(raw: Any, languages: Sequence[str | None] = ()) -> Dataset:
    """Map a record of the I14Y platform to a :class:`Dataset`.

    ``raw``: the record, as parsed JSON. ``languages``: the portal's language codes, the preferred one first. Raise
    LostRecord if it is no object or has neither id nor identifiers.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    named = [one for one in map(text, _list(raw.get("identifiers"))) if one]
    identifier = first(raw.get("id"), *named)
    if identifier is None:
        raise LostRecord("the dataset has neither id nor identifiers", "ask the portal to fix the record", "/id")
    period = next((one for one in _list(raw.get("temporalCoverage")) if isinstance(one, dict)), {})
    system = raw.get("system") if isinstance(raw.get("system"), dict) else {}
    distributions = [one for one in _list(raw.get("distributions")) if isinstance(one, dict)]
    words = worded_values(raw.get("title"), raw.get("description"), raw.get("keywords"), languages)
    return Dataset(
        identifier=identifier,
        title=words.title,
        description=words.description,
        keywords=words.keywords,
        translations=words.translations,
        themes=_labels(raw.get("themes")),
        publisher=_publisher(raw.get("publisher")),
        contact=_contact(raw.get("contactPoints")),
        access_rights=_name(raw.get("accessRights")),
        issued=_date(raw.get("issued")),
        modified=_date(raw.get("modified")),
        record_modified=_date((system or {}).get("modifiedAt")),
        frequency=_name(raw.get("frequency")),
        spatial=tuple(one for one in map(text, _list(raw.get("spatial"))) if one),
        temporal_start=_date(period.get("start")),
        temporal_end=_date(period.get("end")),
        language=_codes(raw.get("languages")),
        landing_page=next(iter(_names(raw.get("landingPages"))), None),
        conforms_to=_names(raw.get("conformsTo")),
        relations=_names(raw.get("relations")),
        other_identifiers=tuple(one for one in named if one != identifier),
        documentation=_names(raw.get("documentation")),
        distributions=tuple(_distribution(one) for one in distributions),
        data_services=tuple(
            DataService(identifier=text(one.get("id")), title=text(one.get("title")), endpoint_url=_name(one))
            for part in distributions
            for one in _list(part.get("accessServices"))
            if isinstance(one, dict)
        ),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _name(value: Any) -> str | None:
    """Return a vocabulary term's IRI, else its code, else its name; a text as it is."""
    if not isinstance(value, dict):
        return text(value)
    return first(value.get("uri"), value.get("code"), value.get("name"), value.get("label"))


def _names(value: Any) -> tuple[str, ...]:
    return tuple(one for one in map(_name, _list(value)) if one)


def _labels(value: Any) -> tuple[str, ...]:
    """Return the names of keywords and themes, because their codes are the platform's own."""
    found = [first(one.get("label"), one.get("name"), one.get("code")) if isinstance(one, dict) else text(one)
             for one in _list(value)]  # fmt: skip
    return tuple(one for one in found if one)


def _codes(value: Any) -> tuple[str, ...]:
    found = [first(one.get("code"), one.get("uri")) if isinstance(one, dict) else text(one) for one in _list(value)]
    return tuple(one for one in found if one)


def _date(value: Any) -> str | None:
    found = text(value)
    return None if found is None or re.match(r"0001-01-01", found) else found


def _publisher(value: Any) -> Publisher | None:
    if not isinstance(value, dict):
        return Publisher(name=name) if (name := text(value)) else None
    name = first(value.get("name"), value.get("prefLabel"), value.get("identifier"))
    if name is None:
        return None
    return Publisher(
        name=name, identifier=first(value.get("identifier"), value.get("id")), url=text(value.get("homePage"))
    )


def _contact(value: Any) -> Contact | None:
    for one in _list(value):
        if isinstance(one, dict):
            contact = Contact(name=text(one.get("fn")), email=email(one.get("hasEmail")), url=_name(one.get("hasUrl")))
            if contact != Contact():
                return contact
    return None


def _distribution(raw: dict[str, Any]) -> Distribution:
    licence = raw.get("license") if isinstance(raw.get("license"), dict) else {}
    size = raw.get("byteSize")
    checksum = raw.get("checksum") if isinstance(raw.get("checksum"), dict) else {}
    return Distribution(
        identifier=first(raw.get("id"), raw.get("identifier")),
        title=text(raw.get("title")),
        description=text(raw.get("description")),
        access_url=_name(raw.get("accessUrl")),
        download_url=_name(raw.get("downloadUrl")),
        format=_name(raw.get("format")),
        media_type=_name(raw.get("mediaType")),
        byte_size=f"{size:.0f}" if isinstance(size, float) and size.is_integer() else text(size),
        checksum=text((checksum or {}).get("checksumValue")),
        checksum_algorithm=_name((checksum or {}).get("algorithm")),
        licence=_name(raw.get("license")),
        licence_title=text((licence or {}).get("name")) if (licence or {}).get("uri") else None,
        rights=_name(raw.get("rights")),
        issued=_date(raw.get("issued")),
        modified=_date(raw.get("modified")),
        language=_codes(raw.get("languages")),
        conforms_to=_names(raw.get("conformsTo")),
        documentation=next(iter(_names(raw.get("documentation"))), None),
        availability=_name(raw.get("availability")),
    )
