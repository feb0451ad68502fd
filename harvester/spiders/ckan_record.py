"""From a CKAN package to a dataset: a pure mapping.

Field names follow CKAN's default schema, ckanext-dcat and ckanext-scheming (top level or ``extras``).
``metadata_modified`` is the *record's* date and never the data's.
"""

from __future__ import annotations

from typing import Any

from catalog.model import Contact, Dataset, Distribution, Publisher
from harvester.spiders.losses import LostRecord
from harvester.spiders.values import email, first, json_text, names, text, texts

__all__ = ["to_dataset"]


def to_dataset(raw: Any, portal_url: str) -> Dataset:
    """The dataset of one package.

    Raises LostRecord where the package is no object or has neither id nor name.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to mend the record", value=raw)
    identifier = first(raw.get("id"), raw.get("name"))
    if identifier is None:
        raise LostRecord("the package has neither id nor name", "ask the portal to mend the record", "/id")
    get = _Fields(raw)
    name = text(raw.get("name"))
    licences = _licence(*(get.text(key) for key in ("license_url", "license_id", "license_title", "license")))
    return Dataset(
        identifier=identifier,
        title=get.text("title"),
        description=get.text("notes", "description"),
        keywords=names(raw.get("tags"), "display_name", "name") or get.texts("keywords", "keyword"),
        themes=get.texts("theme") or names(raw.get("groups"), "title", "display_name", "name"),
        publisher=_publisher(raw, get),
        contact=_contact(raw, get),
        licence=licences[0],
        licence_title=licences[1],
        access_rights=get.text("access_rights", "access_level"),
        rights=get.text("rights"),
        issued=get.text("issued", "metadata_created"),
        modified=get.text("modified", "data_modified", "date_modified", "last_modified"),
        record_modified=get.text("metadata_modified"),
        frequency=get.text("frequency", "accrual_periodicity", "update_frequency", "updateFrequency"),
        spatial=get.texts("spatial_uri", "spatial_coverage", "spatial_text") or get.texts("spatial"),
        temporal_start=get.text("temporal_start", "temporal_coverage_from") or _period(get, "start"),
        temporal_end=get.text("temporal_end", "temporal_coverage_to") or _period(get, "end"),
        language=get.texts("language"),
        landing_page=get.text("url", "landing_page") or (f"{portal_url}/dataset/{name}" if name else None),
        conforms_to=get.texts("conforms_to"),
        applicable_legislation=get.texts("applicable_legislation"),
        hvd_categories=get.texts("hvd_category"),
        provenance=get.text("provenance", "lineage"),
        relations=get.texts("relation", "related_resource", "see_alsos"),
        other_identifiers=get.all_texts("alternate_identifier", "doi", "identifier", "guid", "uri"),
        documentation=get.texts("documentation"),
        described_by=get.text("described_by", "data_dictionary"),
        harvested_from=get.text("harvest_source_url", "harvest_source_title", "harvest_url"),
        distributions=tuple(_distribution(r) for r in raw.get("resources") or () if isinstance(r, dict)),
    )


class _Fields:
    """A field by any of its names, at the top level or among the extras."""

    def __init__(self, raw: dict[str, Any]) -> None:
        extras = raw.get("extras")
        if isinstance(extras, list):
            pairs = [(e.get("key"), e.get("value")) for e in extras if isinstance(e, dict)]
        else:
            pairs = list(extras.items()) if isinstance(extras, dict) else []
        self.raw, self.extras = raw, {str(key): json_text(value) for key, value in pairs}

    def value(self, name: str) -> Any:
        found = self.raw.get(name)
        if found is None or found == "":
            # Most fields that are asked for are not there.
            return self.extras.get(name)
        found = json_text(found)
        return self.extras.get(name) if found in ([], {}) else found

    def text(self, *wanted: str) -> str | None:
        for name in wanted:
            if (found := text(self.value(name))) is not None:
                return found
        return None

    def all_texts(self, *wanted: str) -> tuple[str, ...]:
        """The texts of all fields, each once."""
        return tuple(dict.fromkeys(word for name in wanted for word in texts(self.value(name))))

    def texts(self, *wanted: str) -> tuple[str, ...]:
        for name in wanted:
            if found := texts(self.value(name)):
                return found
        return ()


def _licence(*declared: str | None) -> tuple[str | None, str | None]:
    """The first two of what is declared: an address or code, and a code or name beside it."""
    found = [*(value for value in declared if value is not None), None, None]
    return found[0], found[1]


def _publisher(raw: dict[str, Any], get: _Fields) -> Publisher | None:
    organisation = raw.get("organization")
    declared = get.value("publisher")
    declared = declared if isinstance(declared, dict) else {}
    if isinstance(organisation, dict):
        name = first(organisation.get("title"), organisation.get("display_name"), organisation.get("name"))
        identifier = first(organisation.get("id"), organisation.get("name"))
    else:
        name = first(get.text("publisher_name"), declared.get("name"), get.value("publisher"))
        identifier = first(get.text("publisher_uri", "publisher_identifier"), declared.get("url"))
    if name is None:
        return None
    return Publisher(
        name=name,
        identifier=identifier,
        email=email(get.text("publisher_email") or declared.get("email")),
        url=get.text("publisher_url") or text(declared.get("url")),
    )


def _contact(raw: dict[str, Any], get: _Fields) -> Contact | None:
    points = json_text(get.value("contact_points") or get.value("contact_point"))
    point = points[0] if isinstance(points, list) and points and isinstance(points[0], dict) else {}
    contact = Contact(
        name=first(point.get("name"), get.text("contact_name", "maintainer", "author")),
        email=email(first(point.get("email"), get.text("contact_email", "maintainer_email", "author_email"))),
        url=first(point.get("url"), get.text("contact_uri", "contact_url")),
    )
    return contact if contact != Contact() else None


def _period(get: _Fields, end: str) -> str | None:
    periods = get.value("temporals") or get.value("temporal_coverage") or get.value("temporal")
    period = periods[0] if isinstance(periods, list) and periods else periods
    if isinstance(period, dict):
        return first(period.get(f"{end}_date"), period.get(end), period.get(f"{end}Date"))
    if isinstance(period, str) and "/" in period:
        return text(period.split("/")[0 if end == "start" else -1])
    return None


def _distribution(raw: dict[str, Any]) -> Distribution:
    url = text(raw.get("url"))
    is_upload = raw.get("url_type") == "upload"
    licences = _licence(*(text(raw.get(key)) for key in ("license_url", "license_id", "license", "license_title")))
    return Distribution(
        identifier=first(raw.get("id")),
        title=first(raw.get("name"), raw.get("title")),
        description=text(raw.get("description")),
        access_url=first(raw.get("access_url"), url),
        download_url=first(raw.get("download_url"), url if is_upload else None),
        format=text(raw.get("format")),
        media_type=first(raw.get("mimetype"), raw.get("media_type")),
        byte_size=first(raw.get("size"), raw.get("byte_size")),
        checksum=text(raw.get("hash")),
        checksum_algorithm=text(raw.get("hash_algorithm")),
        licence=licences[0],
        licence_title=licences[1],
        rights=text(raw.get("rights")),
        issued=first(raw.get("issued"), raw.get("created")),
        modified=first(raw.get("modified"), raw.get("last_modified")),
        language=texts(raw.get("language")),
        conforms_to=texts(raw.get("conforms_to")),
        described_by=text(raw.get("described_by")),
        documentation=text(raw.get("documentation")),
        status=text(raw.get("status")),
        availability=text(raw.get("availability")),
    )
