"""Identify datasets whose identifier is missing, has changed, or is shared by several datasets."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from catalog.model import HarvestError, HarvestPage, Record
from catalog.repositories import reading as stored
from catalog.repositories.datasets import id_of, identifier_of, identifiers_with
from catalog.repositories.identities import IdentityFacts, facts_of, matches, renamed, unseen_facts
from harvester.night.judging import judged
from harvester.night.verdict import MAX_FALL
from harvester.spiders.base.losses import LostRecord, twin

if TYPE_CHECKING:
    from scrapy.http import Response

    from catalog.db.store import Catalog
    from harvester.spiders.base.harvest_state import HarvestState
    from harvester.spiders.base.page_content import PageContent

__all__ = ["TWIN", "absent", "are_twins", "facts_from", "hold", "settle", "told_apart", "twin_id", "twins_of"]

MAX_NAMELESS = 5_000
"""Maximum number of records without identifier that are kept for matching at the end of the harvest."""
TWIN = "#twin-"
"""Separator between a shared identifier and the suffix that tells the second dataset from the first."""
_PLACEHOLDER = "winnow:nameless"
_PASSING = re.compile(r"(?i)token|sig|signature|expires|key|x-amz-.*|x-goog-.*|se|st|sp|sv|sr")
"""Match address parameters that change from response to response."""


def hold(
    spider: HarvestState, error: Exception, raw: Any, pointer: str, response: Response, reading: PageContent
) -> None:
    """Keep a record without identifier until the end of the harvest, to look then for the dataset it describes.

    It is put into ``spider.nameless``. ``error`` is why the record was not stored. Nothing is done if ``error`` is no
    LostRecord, if MAX_NAMELESS records are kept already, or if the record cannot be mapped even with a made-up
    identifier. ``raw`` is the record as the portal sent it, and ``pointer`` its place in ``response``. Title, files and
    page of the record are added to ``reading``, which is stored with the response.
    """
    named = _named_anew(spider, error, raw, pointer, response) if isinstance(error, LostRecord) else None
    if named is not None:
        facts, (raw_hash, _) = facts_of(named.dataset), spider.hash_of(raw)
        spider.nameless.append((facts, replace(named, raw=raw, raw_hash=raw_hash)))
        reading.nameless.append(facts_as_json(facts))


def told_apart(
    spider: HarvestState, record: Record, kept: list[Record], errors: list[HarvestError], *, is_known: bool
) -> Record:
    """Return ``record`` under a new identifier, that of :func:`twin_id`, if another dataset has the same one, else
    unchanged.

    Another dataset has it in two cases. Either a dataset with the same new identifier is stored already, so that an
    earlier harvest decided. Or the identifier has come before in this harvest, ``is_known`` is False, and
    :func:`are_twins` says of the two records that they describe two datasets. ``spider`` is the harvest that reads the
    record. ``kept`` are the records of the same page that were read before. ``is_known`` says that an identifier may
    come twice without a fault, because pages overlap or are read again. The first time in a harvest that a record gets
    its new identifier, an error that reports it is added to ``errors``.
    """
    identifier = record.dataset.identifier
    is_doubled = identifier in spider.seen_ids and not is_known
    if not is_doubled and identifier not in spider.twins:
        return record
    facts = facts_of(record.dataset)
    other = twin_id(identifier, facts)
    if other not in spider.twins.get(identifier, ()):
        first = stored_facts(spider.run.catalog, spider.portal.id, identifier, kept) if is_doubled else None
        if first is None or not are_twins(first, facts):
            return record
    if other not in spider.seen_ids:
        spider.stats.twins += 1
        errors.append(twin(record, other))
    known_as = (*record.dataset.other_identifiers, identifier)
    return replace(record, dataset=replace(record.dataset, identifier=other, other_identifiers=known_as))


def _named_anew(spider: HarvestState, error: LostRecord, raw: Any, pointer: str, response: Response) -> Record | None:
    """Return a record without identifier mapped under a placeholder identifier; None if it cannot be mapped."""
    if not isinstance(raw, dict) or len(spider.nameless) >= MAX_NAMELESS:
        return None
    for path in dict.fromkeys((error.pointer, "/@id")):
        if not path:
            continue
        try:
            record, _ = spider.record_of(_with_value(raw, path.strip("/").split("/")), pointer, response)
        except Exception:  # noqa: BLE001  # then it is lost, which is said already
            continue
        # An address that contains the placeholder carries no information.
        address = record.dataset.landing_page
        is_made = bool(address and _PLACEHOLDER in unquote(address))
        return replace(record, dataset=replace(record.dataset, landing_page=None)) if is_made else record
    return None


def _with_value(raw: dict[str, Any], path: list[str]) -> dict[str, Any]:
    inner = raw.get(path[0])
    value = _with_value(inner if isinstance(inner, dict) else {}, path[1:]) if len(path) > 1 else _PLACEHOLDER
    return {**raw, path[0]: value}


def facts_as_json(facts: IdentityFacts) -> dict[str, Any]:
    """Return ``facts``, title, file addresses and page of a record, as a dict of JSON values; see
    :func:`facts_from`."""
    return {"title": facts.title, "files": sorted(facts.files), "address": facts.address}


def facts_from(told: dict[str, Any]) -> IdentityFacts:
    """Return the title, files and page of a record from ``told``, the dict that :func:`facts_as_json` made of them."""
    return IdentityFacts(told["title"], frozenset(told["files"]), told["address"])


def are_twins(first: IdentityFacts, second: IdentityFacts) -> bool:
    """Return whether two records with the same identifier describe two different datasets.

    ``first`` and ``second`` hold the title, the file addresses and the page of each record. If both have files, they
    describe two datasets if they share none; parameters that expire, such as signatures, are not compared. If only one
    has files, they describe one dataset. If neither has files, they describe two datasets if both have titles, which
    differ, and they do not share a page. Two records with the same file are one dataset, even in two languages.
    """
    if first.files and second.files:
        return not {_lasting(url) for url in first.files} & {_lasting(url) for url in second.files}
    if first.files or second.files or (first.address and first.address == second.address):
        return False
    return bool(first.title and second.title) and first.title != second.title


def _lasting(url: str) -> str:
    """Return an address without parameters that expire, such as signatures."""
    if "?" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    kept = [(name, value) for name, value in parse_qsl(parts.query) if not _PASSING.fullmatch(name)]
    return parts._replace(query=urlencode(kept)).geturl()


def twin_id(identifier: str, facts: IdentityFacts) -> str:
    """Return a new identifier for a dataset whose ``identifier`` is already used by another one.

    It is the old identifier, "#twin-" and a digest of the file addresses in ``facts``, or of the title if there are no
    files. It stays the same as long as these stay.
    """
    said = sorted(_lasting(url) for url in facts.files) or [facts.title or ""]
    digest = hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{identifier}{TWIN}{digest[:10]}"


def settle(spider: HarvestState) -> None:
    """Match known datasets that the harvest of ``spider`` did not find to records that may describe them.

    These are first the records without identifier, and then the datasets with an identifier not seen before. Title,
    files or page must agree. A matched dataset keeps its history, and an error reports the match. Nothing is done if
    only changes were requested, or if the harvest did not reach the end of the listing. If a record could not be read,
    only the records without identifier are matched.
    """
    stats, run = spider.stats, spider.run
    if stats.mode != "full" or not stats.ended:
        return
    _settle_nameless(spider)
    if stats.lost:
        # A missing dataset may be among the records that could not be read.
        return
    pairs = renamed(run.catalog, spider.portal.id, run.run_id)
    if not pairs:
        return
    run.harvest_store.follow(spider.portal, pairs)
    are_all = len(pairs) >= stats.kept
    many = f"all {len(pairs):,} identifiers" if are_all else f"the identifiers of {len(pairs):,} datasets"
    said = f"{many} changed: titles, files or addresses show that the datasets are those known before"
    stats.notes.append(f"{said}; their histories go on")
    error = HarvestError(
        kind="identifier",
        message=said,
        remedy="give every dataset an identifier that never changes; links to the old ones lead nowhere",
        is_lost=False,
    )
    _write(spider, HarvestPage(errors=spider.written([error])))


def _settle_nameless(spider: HarvestState) -> None:
    run, waiting = spider.run, spider.nameless
    spider.nameless = []
    if not waiting:
        return
    old = unseen_facts(run.catalog, spider.portal.id, run.run_id)
    new = {str(n): facts for n, (facts, _) in enumerate(waiting)}
    pairs = matches(run.catalog, spider.portal.id, old, new, are_stored=False)
    spider.unmatched = [facts for number, facts in new.items() if number not in pairs]
    for number, key in pairs.items():
        record = waiting[int(number)][1]
        identifier = str(identifier_of(run.catalog, key))
        spider.seen_ids.add(identifier)
        spider.stats.unidentified -= 1
        spider.stats.kept += 1
        error = HarvestError(
            kind="identifier",
            message="a record without identifier was taken for the dataset whose title, files or address it has",
            remedy="give the record its identifier back",
            record_id=identifier,
            title=record.dataset.title if record else None,
            pointer=record.pointer if record else None,
            url=record.url if record else None,
            is_lost=False,
        )
        errors = spider.written([error])
        if record is None:
            _write(spider, HarvestPage(unchanged=(identifier,), errors=errors))
        else:
            named = replace(record, dataset=replace(record.dataset, identifier=identifier))
            _write(spider, HarvestPage(records=(named,), errors=errors))


def absent(spider: HarvestState) -> list[str]:
    """Return the ids of datasets that the portal of ``spider`` surely lists no longer, after an incomplete harvest.

    This can be known if all records were requested and the harvest would be complete but for records without
    identifier. A dataset that was not found is returned if it has a title and if no such record has the same title,
    file or page. The result is empty in all other cases, and also if the share of datasets that would disappear is
    above MAX_FALL: a person must look first then.
    """
    stats, left = spider.stats, spider.unmatched
    if stats.mode != "full" or not left or len(left) != stats.unidentified:
        return []
    counts = replace(stats, unidentified=0, skipped=stats.skipped + stats.unidentified)
    if judged(spider, stats=counts)[0] != "complete":
        return []
    titles = {facts.title for facts in left}
    places = {place for facts in left for place in (*facts.files, facts.address)}
    unseen = unseen_facts(spider.run.catalog, spider.portal.id, spider.run.run_id)
    found = [
        key
        for key, facts in unseen.items()
        if facts.title and facts.title not in titles and places.isdisjoint({*facts.files, facts.address} - {None})
    ]
    # If so many are gone at once, a person must look first.
    return found if len(found) <= MAX_FALL * (stats.kept + len(found)) else []


def _write(spider: HarvestState, page: HarvestPage) -> None:
    spider.run.harvest_store.page(spider.portal, page)


def stored_facts(catalog: Catalog, portal_id: str, identifier: str, kept: list[Record]) -> IdentityFacts | None:
    """Return the title, files and page of the dataset that already has ``identifier``; None if no dataset has it.

    It is looked up in ``kept``, the records of the same page, and then in ``catalog``. ``portal_id`` is the portal's
    id.
    """
    for one in kept:
        if one.dataset.identifier == identifier:
            return facts_of(one.dataset)
    key = id_of(catalog, portal_id, identifier)
    found = stored.dataset(catalog, key) if key else None
    return facts_of(found.dataset) if found else None


def twins_of(catalog: Catalog, portal_id: str) -> dict[str, set[str]]:
    """Return the identifiers that the portal ``portal_id`` gives to several datasets, each with the new ones made from
    it.

    One dataset keeps the shared identifier. The others have new identifiers, those that :func:`twin_id` made. They are
    looked up in ``catalog``.
    """
    found: dict[str, set[str]] = {}
    for name in identifiers_with(catalog, portal_id, TWIN):
        found.setdefault(name.partition(TWIN)[0], set()).add(name)
    return found
