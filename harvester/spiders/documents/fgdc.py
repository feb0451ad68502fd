"""Map an FGDC CSDGM record (FGDC-STD-001-1998) to a dataset.

This is the American standard before ISO 19115; folders of states, counties and map libraries hold little else. ArcGIS
writes its own elements (``dataIdInfo``) into the same root, beside the standard's or in their place. Both are read, the
standard's first. The standard has no identifier, but extensions have (``datasetid`` of pycsw, ``MetaID`` of Esri).
``metd`` is the record's date. The standard has no date for the last change of the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from catalog.vocabulary import format_of_url
from harvester.facts.values import email, first
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.base.service_links import service_of
from harvester.spiders.documents.iso_constraints import StatedConstraint, by_content, is_licence
from harvester.spiders.documents.xml_reading import attribute, children, find, find_all, local, value, values

__all__ = ["identity", "is_fgdc", "to_dataset"]

CITED, ESRI = "idinfo/citation/citeinfo", "dataIdInfo"
_NOTHING = re.compile(
    r"(?i)(none|unknown|unpublished( material)?|not applicable|n/?a|see (above|below)|-+)\.?|required:.*"
)
"""Match the standard's own words for "nothing", and the prompts of editors."""
_FREQUENCIES = (
    "continual", "daily", "weekly", "fortnightly", "monthly", "quarterly", "biannually", "annually", "asNeeded",
    "irregular", "notPlanned", "unknown",
)  # fmt: skip
"""Frequencies of ISO 19115 (B.5.18), which ArcGIS writes as numbers from 001."""
_TOPICS = (
    "farming", "biota", "boundaries", "climatologyMeteorologyAtmosphere", "economy", "elevation", "environment",
    "geoscientificInformation", "health", "imageryBaseMapsEarthCover", "intelligenceMilitary", "inlandWaters",
    "location", "oceans", "planningCadastre", "society", "structure", "transportation", "utilitiesCommunication",
)  # fmt: skip
"""Topic categories of ISO 19115 (B.5.27), which ArcGIS writes as numbers from 001."""
_OPEN_END = re.compile(r"(?i)present|now|current|ongoing|continuing")


def is_fgdc(root: etree._Element) -> bool:
    """Return whether ``root`` is the root of an FGDC CSDGM or ArcGIS record.

    It is if its name is "metadata" and it has a child ``idinfo`` or ``dataIdInfo``, the description of the data. The
    name alone is not enough, because many other documents have it.
    """
    return local(root).lower() == "metadata" and any(local(one) in ("idinfo", ESRI) for one in children(root))


def identity(record: etree._Element) -> str | None:
    """Return the identifier of ``record``; None if there is none.

    The standard has no field for it, but pycsw, Esri and others add one.
    """
    places = ("idinfo/datasetid", "idinfo/datsetid", "mdFileID", "Esri/MetaID", "Esri/PublishedDocID", "metainfo/metid")
    return first(*(_said(record, place) for place in places))


def to_dataset(record: etree._Element, default_id: str | None = None) -> Dataset:
    """Return the dataset that ``record``, the root element of an FGDC or ArcGIS record, describes.

    ``default_id`` identifies a record without identifier; raise LostRecord if it is None as well.
    """
    identifier = identity(record) or default_id
    if identifier is None:
        raise LostRecord(
            "the record has no identifier, for which CSDGM has no place",
            "offer the records as ISO 19139, or each as a file in a folder",
        )
    cited = find(record, CITED)
    files, services, pages = _links(record)
    use = [*_texts(record, "idinfo/useconst"), *_texts(record, f"{ESRI}/resConst/LegConsts/othConsts")]
    limits = [
        *_texts(record, f"{ESRI}/resConst/Consts/useLimit"), *_texts(record, f"{ESRI}/resConst/LegConsts/useLimit"),
    ]  # fmt: skip
    # A disclaimer of liability is no licence, but a licence may be named in it.
    liability = _texts(record, "distinfo/distliab")
    limits += [one for one in liability if is_licence(StatedConstraint(None, one))]
    legal = by_content(
        [StatedConstraint(None, one) for one in use],
        [StatedConstraint(None, one) for one in limits],
        [StatedConstraint(None, one) for one in _texts(record, "idinfo/accconst")],
        [],
        [*_texts(record, "idinfo/datacred"), *liability],
    )
    start, end = _period(record)
    places = (*_texts(record, "idinfo/keywords/place/placekey"), *_texts(record, f"{ESRI}/placeKeys/keyword"))
    return Dataset(
        identifier=identifier,
        title=first(_said(cited, "title"), _said(record, f"{ESRI}/idCitation/resTitle")),
        description=first(
            _said(record, "idinfo/descript/abstract"), _said(record, f"{ESRI}/idAbs"),
            _said(record, "idinfo/descript/purpose"), _said(record, f"{ESRI}/idPurp"),
            _said(record, "idinfo/descript/supplinf"),
        ),
        keywords=_keywords(record, places),
        themes=_themes(record),
        publisher=_publisher(record, cited),
        contact=_contact(record),
        licence=legal.licence,
        licence_title=legal.licence_title,
        access_rights=legal.access_rights,
        rights=legal.rights,
        issued=first(_said(cited, "pubdate"), _said(record, f"{ESRI}/idCitation/date/pubDate")),
        modified=_said(record, f"{ESRI}/idCitation/date/reviseDate"),
        record_modified=first(_said(record, "metainfo/metd"), _said(record, "mdDateSt"), _said(record, "Esri/ModDate")),
        frequency=first(
            _said(record, "idinfo/status/update"), *_coded(record, "resMaint/maintFreq/MaintFreqCd", _FREQUENCIES)
        ),
        spatial=_boxes(record) or tuple(dict.fromkeys(places)),
        temporal_start=start,
        temporal_end=end,
        language=(*_texts(record, "idinfo/descript/langdata"), *_values_of(record, f"{ESRI}/dataLang/languageCode")),
        landing_page=next(iter(pages), None),
        provenance=first(
            _said(record, "dataqual/lineage/method/methdesc"), _said(record, "dataqual/lineage/procstep/procdesc"),
            _said(record, "dqInfo/dataLineage/statement"),
        ),
        relations=(
            *_texts(cited, "lworkcit/citeinfo/title"), *_texts(record, "idinfo/crossref/citeinfo/onlink"),
        ),
        documentation=pages[1:],
        distributions=files,
        data_services=services,
    )  # fmt: skip


def _said(record: etree._Element | None, path: str) -> str | None:
    """Return the first meaningful text at a path."""
    return next(iter(_texts(record, path)), None)


def _texts(record: etree._Element | None, path: str) -> list[str]:
    return [one for one in values(record, path) if not _NOTHING.fullmatch(" ".join(one.split()))]


def _keywords(record: etree._Element, places: tuple[str, ...]) -> tuple[str, ...]:
    kinds = ("theme/themekey", "place/placekey", "stratum/stratkey", "temporal/tempkey")
    own = [word for kind in kinds for word in _texts(record, f"idinfo/keywords/{kind}")]
    esri = [word for kind in ("searchKeys", "themeKeys") for word in _texts(record, f"{ESRI}/{kind}/keyword")]
    return tuple(dict.fromkeys((*own, *esri, *places)))


def _themes(record: etree._Element) -> tuple[str, ...]:
    """Return the keywords of ISO 19115's thesaurus of topic categories."""
    found = []
    for theme in find_all(record, "idinfo/keywords/theme"):
        if re.search(r"(?i)iso.*19115|topic categor", value(theme, "themekt") or ""):
            found += _texts(theme, "themekey")
    found += _coded(record, "tpCat/TopicCatCd", _TOPICS)
    return tuple(dict.fromkeys(found))


def _values_of(record: etree._Element, path: str) -> list[str]:
    """Return what ArcGIS writes into attributes called "value"."""
    return [said for one in find_all(record, path) if (said := attribute(one, "value"))]


def _coded(record: etree._Element, path: str, names: tuple[str, ...]) -> list[str]:
    """Return the names of the numbers that ArcGIS writes; unknown numbers are skipped."""
    numbers = [int(one) for one in _values_of(record, f"{ESRI}/{path}") if re.fullmatch(r"\d{1,3}", one)]
    return [names[one - 1] for one in numbers if 1 <= one <= len(names) and names[one - 1] != "unknown"]


def _publisher(record: etree._Element, cited: etree._Element | None) -> Publisher | None:
    name = first(
        _said(cited, "pubinfo/publish"), _said(cited, "publinfo/publish"), _said(cited, "origin"),
        _said(record, f"{ESRI}/idCitation/citRespParty/rpOrgName"),
        _said(record, "distinfo/distrib/cntinfo/cntorgp/cntorg"),
    )  # fmt: skip
    return Publisher(name=name) if name else None


def _contact(record: etree._Element) -> Contact | None:
    """Return the contact for the data, else the distributor, else the author of the record."""
    found = []
    for place in ("idinfo/ptcontac", "distinfo/distrib", "metainfo/metc"):
        for one in find_all(record, f"{place}/cntinfo"):
            name = first(
                _said(one, "cntorgp/cntorg"), _said(one, "cntperp/cntorg"), _said(one, "cntperp/cntper"),
                _said(one, "cntorgp/cntper"), _said(one, "cntpos"),
            )  # fmt: skip
            found.append(Contact(name=name, email=email(_said(one, "cntemail"))))
    for place in (f"{ESRI}/idPoC", "mdContact"):
        for one in find_all(record, place):
            name = first(_said(one, "rpOrgName"), _said(one, "rpIndName"))
            found.append(Contact(name=name, email=email(_said(one, "rpCntInfo/cntAddress/eMailAdd"))))
    stated = [one for one in found if one != Contact()]
    return next((one for one in stated if one.email), next(iter(stated), None))


def _period(record: etree._Element) -> tuple[str | None, str | None]:
    """Return the earliest and the latest day stated; the end is open if the record says "Present"."""
    starts, ends = [], []
    for time in find_all(record, "idinfo/timeperd/timeinfo"):
        for span in find_all(time, "rngdates"):
            starts += _texts(span, "begdate")
            ends += _texts(span, "enddate")
        for day in [*_texts(time, "sngdate/caldate"), *_texts(time, "mdattim/sngdate/caldate")]:
            starts.append(day)
            ends.append(day)
    for span in find_all(record, f"{ESRI}/dataExt/tempEle/TempExtent/exTemp/TM_Period"):
        starts += _texts(span, "tmBegin")
        ends += _texts(span, "tmEnd")
    is_open = any(_OPEN_END.match(end) for end in ends)
    return min(starts, default=None), None if is_open else max(ends, default=None)


def _boxes(record: etree._Element) -> tuple[str, ...]:
    """Return boxes "west,south,east,north" in degrees; extents in metres of a projection are skipped."""
    found = []
    for path, names in (
        ("idinfo/spdom/bounding", ("westbc", "southbc", "eastbc", "northbc")),
        (f"{ESRI}/geoBox", ("westBL", "southBL", "eastBL", "northBL")),
        (f"{ESRI}/dataExt/geoEle/GeoBndBox", ("westBL", "southBL", "eastBL", "northBL")),
    ):
        for box in find_all(record, path):
            sides = [value(box, name) for name in names]
            if all(side and re.fullmatch(r"[+-]?\d{1,3}(\.\d*)?", side) for side in sides):
                found.append(",".join(map(str, sides)))
    return tuple(dict.fromkeys(found))


def _links(record: etree._Element) -> tuple[tuple[Distribution, ...], tuple[DataService, ...], tuple[str, ...]]:
    """Return files, services and pages, told apart by their addresses, because the standard does not state the kind."""
    files: dict[str, Distribution] = {}
    services: dict[str, DataService] = {}
    pages: dict[str, None] = {}
    for url, form, size, is_order in _addresses(record):
        if not re.match(r"(?i)(https?|ftps?)://", url):
            continue
        own = format_of_url(url)
        is_page = own is None or own.id in ("HTML", "XHTML")
        if (service := service_of(form, url)) is not None:
            services.setdefault(url, DataService(endpoint_url=url, conforms_to=(service,)))
        elif is_page and not is_order:
            pages[url] = None
        elif url not in files:
            declared = form or (_only_format(record) if not is_order else None)
            files[url] = Distribution(
                access_url=url, download_url=None if is_page else url, format=declared, byte_size=size
            )
    return tuple(files.values()), tuple(services.values()), tuple(one for one in pages if one not in files)


def _addresses(record: etree._Element) -> Iterator[tuple[str, str | None, str | None, bool]]:
    """Yield for each link its address, format, size, and whether it leads to the data."""
    for form in find_all(record, "distinfo/stdorder/digform"):
        name, size = _said(form, "digtinfo/formname"), _said(form, "digtinfo/transize")
        stated = f"{size} MB" if size and _number(size) else size if size and re.match(r"\d", size) else None
        for url in _texts(form, "digtopt/onlinopt/computer/networka/networkr"):
            yield url, name, stated, True
    for place in ("distributor/distorTran", "distTranOps"):
        for link in find_all(record, f"distInfo/{place}/onLineSrc"):
            if (linkage := _said(link, "linkage")) is not None:
                named = first(
                    *(_said(record, f"distInfo/{at}/formatName") for at in ("distributor/distorFormat", "distFormat"))
                )
                yield linkage, named, None, True
    for url in _texts(record, f"{CITED}/onlink"):
        yield url, None, None, False


def _only_format(record: etree._Element) -> str | None:
    """Return the format if all ordering options share one."""
    names = _texts(record, "distinfo/stdorder/digform/digtinfo/formname")
    return names[0] if len(names) == 1 else None


def _number(number: str) -> float:
    """Return a number of the record as float; 0 if it is none."""
    return float(number) if re.fullmatch(r"\d+(\.\d*)?", number) else 0.0
