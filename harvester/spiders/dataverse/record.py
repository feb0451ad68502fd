"""Map an item of Dataverse's search, together with the dataset's full record, to a dataset; no request is made.

``updatedAt`` is the record's date. ``releaseTime`` is the date of the data's current version; Dataverse's own exports
call it the date of modification.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from catalog.model import Contact, Dataset, Distribution, Publisher
from harvester.facts import Period, box, span
from harvester.facts.values import email, first, names, text, texts
from harvester.spiders.base.losses import LostRecord

__all__ = ["to_dataset"]


_OF_ITS_OWN = (
    "licence",
    "language",
    "temporal_start",
    "temporal_end",
    "distributions",
    "format",
    "byte_size",
    "rights",
)
"""Facts that stand only in a dataset's full record, not in the search."""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def to_dataset(raw: Any, base: str, *, is_copy: bool = False) -> Dataset:
    """Map ``raw``, a hit of Dataverse's search, as parsed JSON, to a :class:`Dataset`.

    Under the key "dataset", ``raw`` holds the dataset's full record, or the reason why that cannot be read, as text.
    Without this key, what only the full record states is unknown. ``base``: the portal's address. ``is_copy``: whether
    the dataset was harvested from another repository. Raise LostRecord if ``raw`` is no object or has no persistent id.
    Raise ValueError if "dataset" is a reason and the dataset is no copy.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    identifier = text(raw.get("global_id"))
    if identifier is None:
        raise LostRecord("the dataset has no global_id", "ask the portal to fix the record", "/global_id")
    own = raw.get("dataset")
    if isinstance(own, str) and not is_copy:
        raise ValueError(f"its own record cannot be had: {own}")
    version = _dict(_dict(own).get("latestVersion"))
    # The search can return the fields of a block as well.
    fields = _fields(raw, "citation") | _fields(version, "citation")
    where = _fields(raw, "geospatial") | _fields(version, "geospatial")
    start, end = span(_periods(fields.get("timePeriodCovered")))
    told = [text(one.get("dsDescriptionValue")) for one in _dicts(fields.get("dsDescription"))]
    licence = _dict(version.get("license"))
    declared = [
        licence.get("uri"), licence.get("name"), None if licence else version.get("license"), version.get("termsOfUse"),
    ]  # fmt: skip
    licences = [*dict.fromkeys(one for value in declared if (one := text(value)) not in (None, "NONE")), None, None]
    return Dataset(
        identifier=identifier,
        title=first(raw.get("name"), fields.get("title")),
        description=text(raw.get("description")) or "\n\n".join(one for one in told if one) or None,
        keywords=texts(raw.get("keywords")) or names(fields.get("keyword"), "keywordValue"),
        themes=texts(raw.get("subjects")) or texts(fields.get("subject")),
        publisher=_publisher(raw, _dict(own)),
        contact=_contact(raw, fields),
        licence=licences[0],
        licence_title=licences[1],
        rights=first(version.get("termsOfAccess"), version.get("restrictions")),
        issued=first(_dict(own).get("publicationDate"), raw.get("published_at")),
        modified=text(version.get("releaseTime")),
        record_modified=text(raw.get("updatedAt")),
        spatial=(
            *(_places(where.get("geographicCoverage")) or _places(raw.get("geographicCoverage"))),
            *_boxes(where),
        ),
        temporal_start=start,
        temporal_end=end,
        language=texts(fields.get("language")),
        landing_page=text(raw.get("url")) or f"{base}/dataset.xhtml?{urlencode({'persistentId': identifier})}",
        provenance=first(fields.get("originOfSources"), *texts(fields.get("dataSources"))),
        relations=names(raw.get("publications"), "url", "citation")
        or names(fields.get("publication"), "publicationURL", "publicationCitation"),
        other_identifiers=names(fields.get("otherId"), "otherIdValue"),
        harvested_from=first(raw.get("url"), "harvested") if is_copy else None,
        not_carried=() if isinstance(own, dict) else _OF_ITS_OWN,
        distributions=tuple(_distribution(item, base) for item in _dicts(version.get("files"))),
    )


def _fields(version: dict[str, Any], block: str) -> dict[str, Any]:
    """Return the fields of a metadata block by name; compound fields become objects of texts."""
    listed = _dict(_dict(version.get("metadataBlocks")).get(block)).get("fields")
    return {str(field.get("typeName")): _value(field.get("value")) for field in _dicts(listed)}


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _dict(part).get("value") if isinstance(part, dict) else part for key, part in value.items()}
    return value


def _first_of(value: Any) -> dict[str, Any]:
    return _dict(value[0] if isinstance(value, list) and value else value)


def _periods(listed: Any) -> list[Period]:
    """Return the periods of time that the data cover."""
    return [(text(one.get("timePeriodCoveredStart")), text(one.get("timePeriodCoveredEnd"))) for one in _dicts(listed)]


def _publisher(raw: dict[str, Any], own: dict[str, Any]) -> Publisher | None:
    """Return the collection ("dataverse") that published the dataset, else the installation."""
    name = first(raw.get("publisher"), raw.get("name_of_dataverse"), own.get("publisher"))
    return Publisher(name=name, identifier=text(raw.get("identifier_of_dataverse"))) if name else None


def _contact(raw: dict[str, Any], fields: dict[str, Any]) -> Contact | None:
    listed, own = _first_of(raw.get("contacts")), _first_of(fields.get("datasetContact"))
    contact = Contact(
        name=first(own.get("datasetContactName"), listed.get("name")), email=email(own.get("datasetContactEmail"))
    )
    return contact if contact != Contact() else None


def _places(value: Any) -> tuple[str, ...]:
    """Return places as texts: "city, state, country"."""
    places = (", ".join(texts(list(reversed(item.values())))) for item in _dicts(value))
    return tuple(place for place in places if place)


def _boxes(where: dict[str, Any]) -> tuple[str, ...]:
    """Return the boxes of the geospatial block, which up to version 5.11 names its latitudes longitudes."""
    found: list[str] = []
    for one in _dicts(where.get("geographicBoundingBox")):
        south = first(one.get("southLatitude"), one.get("southLongitude"))
        north = first(one.get("northLatitude"), one.get("northLongitude"))
        sides = (text(one.get("westLongitude")), south, text(one.get("eastLongitude")), north)
        if corners := box(*sides):
            found.append(corners)
    return tuple(found)


def _distribution(item: dict[str, Any], base: str) -> Distribution:
    file = _dict(item.get("dataFile"))
    identifier, checksum = text(file.get("id")), _dict(file.get("checksum"))
    url = f"{base}/api/access/datafile/{quote(identifier)}" if identifier else None
    md5 = text(file.get("md5"))
    return Distribution(
        identifier=first(file.get("persistentId"), identifier),
        title=first(item.get("label"), file.get("filename")),
        description=first(item.get("description"), file.get("description")),
        access_url=url,
        download_url=url,
        format=text(file.get("friendlyType")),
        media_type=text(file.get("contentType")),
        byte_size=text(file.get("filesize")),
        checksum=first(checksum.get("value"), md5),
        checksum_algorithm=text(checksum.get("type")) or ("MD5" if md5 else None),
        rights="restricted" if item.get("restricted") is True else None,
        issued=first(file.get("publicationDate"), file.get("creationDate")),
    )
