"""Map a DCAT-US 1.1 or Project Open Data 1.0 record to a dataset."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from catalog.model import DataService, Dataset, Distribution
from harvester.facts import FactScope, RecordFacts, dataset_fields, file_fields
from harvester.facts.services import access_services, services_among
from harvester.facts.values import first, text, texts
from harvester.spiders.base.losses import LostRecord

__all__ = ["keywords_of", "to_dataset"]

_LEADS = re.compile(r"/|www\.")
"""Match what addresses of every kind contain, and texts such as "11.5 KB" or "Variable" do not."""
_SAYS_A_SIZE = re.compile(r"[1-9]")
_PART_OF_ADDRESS = re.compile(r"[?=&]")


def to_dataset(raw: Any, languages: Sequence[str | None] = ()) -> Dataset:
    """Map a record of a ``data.json`` to a :class:`Dataset`.

    ``raw``: the record, as parsed JSON. ``languages``: the portal's language codes, the preferred one first. The
    identifier is that of the record, else its ``@id``, else its landing page. Raise LostRecord if it has none of
    these or is no object.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the publisher to fix the record", value=raw)
    identifier = first(raw.get("identifier"), raw.get("@id"), raw.get("landingPage"))
    if identifier is None:
        raise LostRecord(
            "the record has no identifier, and nothing else that names it",
            "give every dataset an identifier that never changes",
            "/identifier",
        )
    facts = RecordFacts("dataset", languages)
    facts.read(raw)
    if isinstance(words := raw.get("keyword"), str):
        facts.drop("keywords")
        facts.add("keywords", list(keywords_of(words)), "keyword")
    distributions = _distributions(raw, languages)
    made = dataset_fields(facts)
    made["other_identifiers"] = tuple(one for one in made["other_identifiers"] if one != identifier)
    references = facts.all_texts("references")
    made["documentation"] = tuple(dict.fromkeys([*made.get("documentation", ()), *references]))
    return Dataset(
        identifier=identifier,
        distributions=distributions,
        data_services=_services(raw, facts) or services_among(distributions),
        **made,
    )


def keywords_of(value: Any) -> tuple[str, ...]:
    """Return the keywords in ``value``: a list of texts, or one text in which commas or semicolons separate them.

    The result is () if there are none.
    """
    if isinstance(value, str):
        return tuple(word.strip() for word in re.split(r"[,;]", value) if word.strip())
    return texts(value)


def _distributions(raw: dict[str, Any], languages: Sequence[str | None]) -> tuple[Distribution, ...]:
    declared = raw.get("distribution")
    items = declared if isinstance(declared, list) else [declared] if isinstance(declared, dict) else []
    found = _with_sizes([_distribution(item, languages) for item in items if isinstance(item, dict)])
    if not found and (text(raw.get("accessURL")) or text(raw.get("downloadURL"))):
        # Project Open Data 1.0 writes the only distribution into fields of the dataset.
        own = ("accessURL", "downloadURL", "format", "mediaType", "size", "byteSize")
        found = [_distribution({key: raw[key] for key in own if key in raw}, languages)]
    return tuple(found)


def _with_sizes(found: list[Distribution]) -> list[Distribution]:
    """Return the files without entries made of size columns: some feeds list "csvSize" as a file at "11.5 KB"."""
    sizes: dict[str, str | None] = {}
    for one in found:
        if one.format and one.format.endswith("Size") and not _LEADS.search(one.access_url or ""):
            sizes.setdefault(one.format.removesuffix("Size").casefold(), one.access_url)
    if not sizes:
        return found
    kept = [one for one in found if not (one.format or "").endswith("Size") or _LEADS.search(one.access_url or "")]
    return [
        replace(one, byte_size=size)
        if one.byte_size is None and (size := sizes.get((one.format or "").casefold())) and _SAYS_A_SIZE.search(size)
        else one
        for one in kept
    ]


def _distribution(item: dict[str, Any], languages: Sequence[str | None]) -> Distribution:
    facts = RecordFacts("file", languages)
    # Project Open Data 1.0 as written by Socrata: a list of {label, value}.
    listed = item.get("formats")
    is_listed = isinstance(listed, list) and bool(listed) and isinstance(listed[0], dict)
    facts.read(
        {key: value for key, value in item.items() if key != "formats"} if is_listed else item, scope=FactScope.FILE
    )
    if is_listed and isinstance(listed, list):
        label = text(listed[0].get("label"))
        # The format was made from the end of an address, such as "php?id=7".
        if label is None or not _PART_OF_ADDRESS.search(label):
            facts.add("format", label, "formats/0/label", scope=FactScope.FILE, rank=50)
        facts.add("media_type", listed[0].get("value"), "formats/0/value", scope=FactScope.FILE, rank=50)
    download = facts.text("download_url")
    return Distribution(
        identifier=first(item.get("identifier"), item.get("@id")),
        access_url=facts.text("access_url") or download,
        download_url=download,
        **file_fields(facts),
    )


def _services(raw: dict[str, Any], facts: RecordFacts) -> tuple[DataService, ...]:
    url = text(raw.get("webService"))
    declared = raw.get("distribution")
    own = [
        service
        for item in (declared if isinstance(declared, list) else [declared])
        if isinstance(item, dict) and (said := item.get("accessService"))
        for service in access_services(said, facts)
    ]
    return (*((DataService(title=text(raw.get("title")), endpoint_url=url),) if url else ()), *own)
