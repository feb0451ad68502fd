"""Map a udata dataset to a dataset; no request is made.

Dates, as udata computes them (``core/dataset/models.py``): ``last_update`` is the date of the newest resource, or the
one stated by the original portal; it is the data's date. ``internal.last_modified_internal`` is the record's date. So
was ``last_modified``, until it took the original portal's date for harvested datasets. ``harvest.last_update`` is the
date of the portal's own harvester and is neither. ``extras`` hold the original portal's own fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.model import Dataset, Distribution
from harvester.facts import FactScope, Party, RecordFacts, Standing, dataset_fields, file_fields
from harvester.facts.services import services_among
from harvester.facts.values import first, text, texts
from harvester.spiders.base.losses import LostRecord

__all__ = ["to_dataset"]

_OWN = (
    "title", "description", "tags", "license", "frequency", "access_type", "temporal_coverage", "contact_points",
    "schema",
)  # fmt: skip
"""Fields of the record that are named like the fact they state."""
_FILE = ("title", "description", "format", "mime", "filesize")
_NOT_FROM_EXTRAS = ("title", "description", "keywords", "other_identifiers", "is_part_of")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def to_dataset(raw: Any, languages: Sequence[str | None] = ()) -> Dataset:
    """Map a dataset of udata's API to a :class:`Dataset`.

    ``raw``: the record, as parsed JSON. ``languages``: the portal's language codes, the preferred one first. Raise
    LostRecord if the record is no object or has neither id nor slug.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    identifier = first(raw.get("id"), raw.get("slug"))
    if identifier is None:
        raise LostRecord("the dataset has neither id nor slug", "ask the portal to fix the record", "/id")
    harvest, extras = _dict(raw.get("harvest")), _dict(raw.get("extras"))
    listed = raw.get("resources")
    resources = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    facts = _facts(raw, harvest, extras, languages, has_data=bool(resources))
    distributions = tuple(_distribution(item, languages) for item in resources)
    made = dataset_fields(facts, *_organisation(raw))
    made["conforms_to"] = _schema(raw) or made.get("conforms_to", ())
    made["landing_page"] = text(raw.get("page")) or made.get("landing_page")
    made["other_identifiers"] = texts([harvest.get("dct_identifier"), extras.get("dct:identifier"), harvest.get("uri")])
    return Dataset(
        identifier=identifier,
        record_modified=first(_dict(raw.get("internal")).get("last_modified_internal"), raw.get("last_modified")),
        harvested_from=_origin(harvest, extras),
        distributions=distributions,
        data_services=services_among(distributions),
        **made,
    )


def _facts(
    raw: dict[str, Any],
    harvest: dict[str, Any],
    extras: dict[str, Any],
    languages: Sequence[str | None],
    *,
    has_data: bool,
) -> RecordFacts:
    facts = RecordFacts("dataset", languages)
    # Names such as "harvest:domain" belong to the portal's harvester.
    facts.read({key: value for key, value in extras.items() if ":" not in key or key.startswith("dct:")}, "extras/")
    facts.drop(*_NOT_FROM_EXTRAS, "modified")
    own = {key: raw[key] for key in _OWN if key in raw}
    # Values of udata's own fields go before those that the original portal gave under the same names.
    for fact, found in facts.found.items():
        facts.found[fact] = [one._replace(rank=one.rank + 300) for one in found]
    facts.read(own)
    if "description" not in facts.found or not facts.candidates("description"):
        facts.add("description", raw.get("description_short"), "description_short")
    facts.add("issued", harvest.get("issued_at"), "harvest/issued_at")
    facts.add("issued", raw.get("created_at"), "created_at", rank=900, standing=Standing.GUESSED)
    # Without resources and without an original portal, last_update is the record's date.
    if has_data or harvest.get("modified_at"):
        facts.add("modified", raw.get("last_update"), "last_update")
    where = _dict(raw.get("spatial"))
    facts.add("spatial", where.get("zones"), "spatial/zones")
    facts.add("spatial", where.get("geom"), "spatial/geom", rank=1)
    return facts


def _organisation(raw: dict[str, Any]) -> tuple[Party, ...]:
    """Return the organisation; if there is none, the person who published the dataset."""
    organisation, owner = _dict(raw.get("organization")), _dict(raw.get("owner"))
    name = text(organisation.get("name"))
    if name is not None:
        return (Party(name=name, identifier=text(organisation.get("id")), url=text(organisation.get("page"))),)
    person = " ".join(part for key in ("first_name", "last_name") if (part := text(owner.get(key))))
    return (Party(name=person, identifier=text(owner.get("id")), url=text(owner.get("page"))),) if person else ()


def _origin(harvest: dict[str, Any], extras: dict[str, Any]) -> str | None:
    """Return the dataset's address at the original portal, else that site; until 2022 both stood in the extras."""
    is_copy = bool(harvest) or any(str(key).startswith("harvest:") for key in extras)
    if not is_copy:
        return None
    return first(
        harvest.get("remote_url"), extras.get("remote_url"), harvest.get("uri"), harvest.get("domain"),
        extras.get("harvest:domain"), harvest.get("source_id"), extras.get("harvest:source_id"),
    )  # fmt: skip


def _schema(item: dict[str, Any]) -> tuple[str, ...]:
    """Return the address or name of the schema that the data conform to."""
    schema = item.get("schema")
    return texts(first(schema.get("url"), schema.get("name")) if isinstance(schema, dict) else schema)


def _distribution(item: dict[str, Any], languages: Sequence[str | None]) -> Distribution:
    url = text(item.get("url"))
    facts = RecordFacts("file", languages)
    facts.read(((key, item.get(key)) for key in _FILE), scope=FactScope.FILE)
    checksum = _dict(item.get("checksum"))
    facts.add("checksum", checksum.get("value"), "checksum/value", scope=FactScope.FILE)
    facts.add("checksum_algorithm", checksum.get("type"), "checksum/type", scope=FactScope.FILE)
    # What the portal's own link checker saw is observed, not declared.
    made = file_fields(facts)
    return Distribution(
        identifier=text(item.get("id")),
        access_url=first(url, item.get("latest")),
        # A link to another site may lead to a page.
        download_url=url if item.get("filetype") == "file" else None,
        issued=first(_dict(item.get("harvest")).get("issued_at"), item.get("created_at"), item.get("published")),
        modified=text(item.get("last_modified")),
        conforms_to=_schema(item),
        **made,
    )
