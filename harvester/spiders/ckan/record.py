"""Map a CKAN package to a dataset; no request is made.

Field names follow CKAN's default schema, ckanext-dcat, ckanext-scheming and ckanext-fluent (at the top level or in
``extras``); ``harvester.facts`` recognises them in any spelling. ``metadata_created`` and ``metadata_modified`` are
dates of the *record*, never of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.model import DataService, Dataset, Distribution
from harvester.facts import FactScope, Party, RecordFacts, Standing, dataset_fields, file_fields
from harvester.facts.services import access_services, services_among
from harvester.facts.values import first, json_text, names, text
from harvester.spiders.base.losses import LostRecord
from specs.vocabularies.countries import alpha3

__all__ = ["to_dataset"]


def to_dataset(raw: Any, portal_url: str, languages: Sequence[str | None] = ()) -> Dataset:
    """Map ``raw``, a CKAN package as parsed JSON, to a :class:`Dataset`.

    ``portal_url``: the portal's address, for the landing page. ``languages``: the portal's language codes, the
    preferred one first. Raise LostRecord if the package is no object or has neither id nor name.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    identifier = first(raw.get("id"), raw.get("name"))
    if identifier is None:
        raise LostRecord("the package has neither id nor name", "ask the portal to fix the record", "/id")
    facts, extras = RecordFacts("dataset", languages), _extras(raw)
    facts.read(raw)
    if extras:
        facts.read(extras, "extras/")
    _tags(facts, raw.get("tags"))
    facts.spread_dates()
    facts.spread_roles()
    name = text(raw.get("name"))
    made = dataset_fields(facts, *_organisation(facts, raw.get("organization")))
    files = tuple(_file(one, languages) for one in raw.get("resources") or () if isinstance(one, dict))
    distributions = tuple(distribution for distribution, _ in files)
    services = tuple(service for _, own in files for service in own)
    groups = _groups(facts, raw.get("groups"))
    if groups and all(map(alpha3, groups)):
        # On some portals the groups are countries, and no other field says what area the data cover.
        made["spatial"] = made.get("spatial") or groups
    else:
        made["themes"] = tuple(dict.fromkeys((*made.get("themes", ()), *groups)))
    made["landing_page"] = (
        made.get("landing_page") or _page(raw.get("url")) or (f"{portal_url}/dataset/{name}" if name else None)
    )
    return Dataset(
        identifier=identifier,
        record_modified=text(raw.get("metadata_modified")),
        harvested_from=_origin(raw, extras),
        distributions=distributions,
        data_services=services or services_among(distributions),
        **made,
    )


def _extras(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the extras by key, from a list of pairs or from the object of old CKAN versions."""
    extras = raw.get("extras")
    if isinstance(extras, list):
        return {str(one.get("key")): one.get("value") for one in extras if isinstance(one, dict)}
    return {str(key): value for key, value in extras.items()} if isinstance(extras, dict) else {}


def _tags(facts: RecordFacts, tags: Any) -> None:
    """Add the names of tags; without this step their ids and vocabularies would be read as keywords too."""
    if not isinstance(tags, list) or not tags:
        return
    kept = [one for one in facts.found.get("keywords", ()) if one.path != "tags"]
    facts.found["keywords"] = kept
    facts.add("keywords", list(names(tags, "display_name", "name")), "tags", rank=50)


def _groups(facts: RecordFacts, groups: Any) -> tuple[str, ...]:
    found = []
    for group in groups if isinstance(groups, list) else ():
        wanted = (
            (group.get("title"), group.get("display_name"), group.get("name")) if isinstance(group, dict) else (group,)
        )
        if (said := next((word for one in wanted if (word := facts.words(one))), None)) is not None:
            found.append(said)
    return tuple(found)


def _organisation(facts: RecordFacts, organisation: Any) -> tuple[Party, ...]:
    """Return the organisation that holds the package, if any."""
    if not isinstance(organisation, dict):
        return ()
    wanted = (organisation.get("title"), organisation.get("display_name"), organisation.get("name"))
    name = next((word for one in wanted if (word := facts.words(json_text(one)))), None)
    return (Party(name=name, identifier=first(organisation.get("id"), organisation.get("name"))),) if name else ()


def _page(value: Any) -> str | None:
    """Return the address of a dataset's source; None for a link to the record as JSON, which is no page."""
    url = text(value)
    if url is None or not url.strip().lower().startswith(("http://", "https://", "www.", "//")):
        return None
    plain = url.split("?")[0].rstrip("/").lower()
    return None if plain.endswith(".json") or "/api/3/action/" in plain or "/api/rest/" in plain else url


def _origin(raw: dict[str, Any], extras: dict[str, Any]) -> str | None:
    wanted = ("harvest_source_url", "harvest_source_title", "harvest_url")
    return first(*(raw.get(key) or extras.get(key) for key in wanted))


def _file(raw: dict[str, Any], languages: Sequence[str | None]) -> tuple[Distribution, tuple[DataService, ...]]:
    facts = RecordFacts("file", languages)
    facts.read(raw, scope=FactScope.FILE)
    # The portal's own fields of a file; their names are too general to be recognised by name.
    created = raw.get("created")
    if created:
        facts.add("issued", created, "created", rank=99, scope=FactScope.FILE, standing=Standing.GUESSED)
    url = text(raw.get("url"))
    page, download = facts.text("access_url"), facts.text("download_url")
    if download is None and url is not None and (raw.get("url_type") == "upload" or page != url):
        download = url
    distribution = Distribution(
        identifier=first(raw.get("id")), access_url=page or download, download_url=download, **file_fields(facts)
    )
    services = facts.found.get("access_services")
    return distribution, access_services(services[0].value, facts) if services else ()
