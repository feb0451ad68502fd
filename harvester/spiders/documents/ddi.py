"""Map a DDI Codebook (2.1 to 2.5) to a dataset, by its description of the study.

The description of the document itself (``docDscr``) is left out, because its dates are the record's.
"""

from __future__ import annotations

import re
from html import unescape

from lxml import etree

from catalog.model import Contact, Dataset, Distribution, Publisher
from catalog.vocabulary import is_no_value
from harvester.facts.bodies import Party, contact_of
from harvester.facts.values import email, first
from harvester.spiders.documents.xml_reading import attribute, find, find_all, value, values

__all__ = ["to_dataset"]

_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
_MAIL = re.compile(r"[^\s<>\"':;,()]+@[^\s<>\"':;,()]+\.\w+")


def to_dataset(said: etree._Element, identifier: str) -> Dataset:
    """Return the dataset that ``said``, a ``codeBook`` element, describes.

    ``identifier`` is that of the OAI-PMH record around it; other numbers of the study become further identifiers.
    """
    study = find(said, "stdyDscr")
    cited = find(study, "citation")
    about = find(study, "stdyInfo")
    summary = find(about, "sumDscr")
    use = find(study, "dataAccs/useStmt")
    shared = find(cited, "distStmt")
    numbers = [value(one) for one in find_all(cited, "titlStmt/IDNo")]
    page = first(*(attribute(one, "URI") for one in find_all(cited, "holdings")))
    links = [*find_all(study, "dataAccs/setAvail/accsPlac"), *find_all(said, "fileDscr")]
    producer = first(value(shared, "distrbtr"), value(cited, "prodStmt/producer"))
    return Dataset(
        identifier=identifier,
        title=value(cited, "titlStmt/titl"),
        description=value(about, "abstract"),
        keywords=values(about, "subject/keyword"),
        themes=values(about, "subject/topcClas"),
        publisher=Publisher(name=producer, url=attribute(find(shared, "distrbtr"), "URI")) if producer else None,
        contact=_contact(*find_all(shared, "contact"), *find_all(use, "contact")),
        licence=first(value(cited, "prodStmt/licence"), value(use, "licence")),
        access_rights=first(value(use, "restrctn"), value(use, "conf")),
        rights=first(value(use, "conditions"), value(cited, "prodStmt/copyright")),
        issued=first(_date(find(shared, "distDate")), _date(find(cited, "prodStmt/prodDate"))),
        modified=_date(find(cited, "verStmt/version"), is_attribute=True),
        spatial=tuple(dict.fromkeys([*values(summary, "nation"), *values(summary, "geogCover")])),
        temporal_start=_period(summary, "start"),
        temporal_end=_period(summary, "end"),
        landing_page=page,
        provenance=value(study, "method/dataColl/sources"),
        relations=values(study, "othrStdyMat/relStdy"),
        other_identifiers=tuple(dict.fromkeys(one for one in numbers if one and one != identifier)),
        is_part_of=attribute(find(cited, "serStmt"), "ID"),
        distributions=tuple(
            Distribution(title=value(one, "fileTxt/fileName"), access_url=url, format=value(one, "fileTxt/fileType"))
            for one in links
            if (url := attribute(one, "URI")) and re.match(r"https?://", url)
        ),
    )


def _date(element: etree._Element | None, *, is_attribute: bool = False) -> str | None:
    """Return the machine-readable date, else the one for people."""
    return first(attribute(element, "date"), None if is_attribute else value(element))


def _period(summary: etree._Element | None, end: str) -> str | None:
    """Return start or end of the time that the data cover, else of the time when they were collected."""
    for name in ("timePrd", "collDate"):
        for one in find_all(summary, name):
            if attribute(one, "event") in (end, "single"):
                return _date(one)
    return None


def _contact(*elements: etree._Element) -> Contact | None:
    """Return the contact that can be reached; its text may be HTML that contains the address."""
    found: list[Party] = []
    for one in elements:
        said = value(one) or ""
        name = " ".join(unescape(_TAG.sub(" ", said)).split())
        address = first(attribute(one, "URI"), *_ADDRESS.findall(said))
        mail = first(email(attribute(one, "email")), *_MAIL.findall(said))
        found.append(Party(None if name == mail or is_no_value(name) else name or None, mail, address))
    return contact_of(one for one in found if one != Party())
