"""Find the key paths of a raw record that state a fact, by what the values look like and by the words of the keys.

It is independent of the harvester on purpose: it knows no portal type and imports none of our code, so that the
catalogue can be compared with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

FACTS = (
    "licence",
    "spatial",
    "temporal",
    "frequency",
    "publisher",
    "contact",
    "issued",
    "modified",
    "format",
    "languages",
)
"""``issued`` and ``modified`` are dates of the data; ``record_modified``, the date of the record, is
found with them.
"""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of a record: its path, its text, and the words of its own key and of all keys above it."""

    path: str
    value: str
    own: frozenset[str]
    above: frozenset[str]
    near: str = ""
    """Neighbouring texts that say what it is: a role, a date type, a name."""


def vocabulary(text: str) -> frozenset[str]:
    return frozenset(text.split())


WRAPPERS = vocabulary(
    "characterstring date datetime anchor url decimal real localisedcharacterstring pt_freetext textgroup "
    "value data label id code languagecode boolean integer text default und name title name_translated "
)
"""Keys that say how a value is written, not what it is; for them the key above counts too."""
NAMING = ("key", "name", "label", "role", "rel", "property", "term")
TEXT_LANGUAGE = re.compile(r"^[a-z]{2}([_-][A-Za-z]{2,4})?$")


def words(key: str) -> list[str]:
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", key)
    return [one for one in re.split(r"[\W\d_]+", parts.lower()) if one]


def leaves(raw: Any) -> list[Leaf]:
    """Return all values of a record: a JSON document, or XML as text."""
    if isinstance(raw, str) and raw.lstrip().startswith("<"):
        root = ElementTree.fromstring(raw)
        return list(_xml(root, "/" + _local(root.tag), [], ""))
    return list(_json(raw, "", [], ""))


def _leaf(path: str, keys: list[str], value: object, near: str) -> Leaf:
    own: list[str] = []
    for key in reversed(keys):
        own += [] if key in ("@id", "@value") else words(key)
        if not (key.lower().lstrip("@") in WRAPPERS or TEXT_LANGUAGE.match(key)):
            break
    return Leaf(path, str(value).strip(), frozenset(own), frozenset(w for k in keys for w in words(k)), near)


def _json(node: Any, path: str, keys: list[str], near: str) -> Iterator[Leaf]:
    if isinstance(node, dict):
        if "coordinates" in node and "type" in node:
            yield _leaf(path, keys, json.dumps(node), near)
            return
        said = next((node[k] for k in NAMING if isinstance(node.get(k), str)), "")
        for key, value in node.items():
            if key in ("@type", "@language", "xml:lang", "@context"):
                continue
            named = said if "value" in node and key != "key" else ""
            inside = [*keys, named, key] if named and len(named) < 80 else [*keys, key]
            yield from _json(value, f"{path}/{key.replace('~', '~0').replace('/', '~1')}", inside, said or near)
    elif isinstance(node, list):
        if node and all(isinstance(one, int | float) and not isinstance(one, bool) for one in node):
            yield _leaf(path, keys, json.dumps(node), near)
            return
        for index, value in enumerate(node):
            yield from _json(value, f"{path}/{index}", keys, near)
    elif node is not None and not isinstance(node, bool) and str(node).strip():
        yield _leaf(path, keys, node, near)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _xml(node: ElementTree.Element, path: str, keys: list[str], near: str) -> Iterator[Leaf]:
    keys = [*keys, _local(node.tag)]
    codes = [
        f"{one.get('codeListValue')} {one.text or ''}" for child in node for one in child if one.get("codeListValue")
    ]
    near = " ".join(codes) if codes else near
    near = node.get("protocol") or node.get("elementSpec") or near
    for key, value in node.attrib.items():
        if (
            _local(key) in ("codeListValue", "href", "resource", "about", "date", "URI", "abbr", "protocol", "type")
            and value.strip()
        ):
            yield _leaf(
                f"{path}/@{_local(key)}",
                [*keys, _local(key)] if key in ("date", "protocol", "type") else keys,
                value,
                near,
            )
    if node.text and node.text.strip():
        yield _leaf(path, keys, node.text, near)
    count: dict[str, int] = {}
    for child in node:
        if isinstance(child.tag, str):
            count[child.tag] = count.get(child.tag, 0) + 1
            index = f"[{count[child.tag]}]"
            yield from _xml(child, f"{path}/{_local(child.tag)}{index}", keys, near)


PLACEHOLDER = re.compile(
    r"^(\W*|-?\d|0+|none|null|n\W?a\.?|not ?(available|applicable|specified)|notspecified|unknown|unspecified|undefined"
    r"|no (se )?especific\w+|sconosciut\w+|unbekannt|keine( angabe)?|tbd|\{\{.*\}\}|\$\{.*\}|other|no information.*"
    r"|no license( provided)?|licen[cs]e not specified|https?://none.*|mailto:(none)?)$",
    re.I,
)
DATE = re.compile(
    r"^\d{4}(-\d\d(-\d\d)?)?([T ]\d\d:.*)?(Z|[+-]\d\d:?\d\d)?$|^\d{1,2}[./]\d{1,2}[./]\d{4}( .*)?$|^\d{8}$"
)
DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}|^\d{8}$")
EPOCH = re.compile(r"^1[0-9]{9}(\d{3})?$|^[5-9]\d{11}$")
POINT = r"[\"']?(\d{4}(-\d\d){0,2}\S*|\.\.)?[\"']?"
INTERVAL = re.compile(rf"^\[?{POINT}\s*(/|,|\bto\b|–|-)\s*{POINT}\]?$")
DURATION = re.compile(r"^(R\d*/)?P(?=.)(\d+([.,]\d+)?[YMWD])*(T(\d+([.,]\d+)?[HMS])+)?$")
MAIL = re.compile(r"^(mailto:)?[^@\s<>]+@[\w-]+(\.[\w-]+)+$", re.I)
MEDIA = re.compile(r"^(application|text|image|audio|video|model|multipart|chemical)/[\w.+-]+(\s*;.*)?$")
FILE_TYPE = re.compile(r"/(authority/file-type|media-types|file_type)/", re.I)
EU_FREQUENCY = re.compile(r"(authority|cld|freq)\S*/(freq|frequency)[/#-]|purl\.org/cld/freq/", re.I)
FREQUENT = vocabulary(
    "continual continuous daily weekly fortnightly monthly quarterly biannually annually asneeded irregular "
    "notplanned semimonthly biennially annual bimonthly triennial quadrennial hourly realtime semiannual "
    "biweekly punctual never yearly update_cont annual_2 biennial as_needed "
)
PLACE = re.compile(
    r"geonames\.org/\d|authority/(country|place|continent|atu)/|/nuts/|wikidata\.org/entity/Q|dbpedia|linkedgeodata"
    r"|datos\.gob\.es/recurso/sector-publico/territorio/|inspire.*/geographicalname|dcat-ap\.de/def/politicalGeocoding",
    re.I,
)
WKT = re.compile(r"^\s*(<[^>]*>\s*)?(SRID=\d+;)?(MULTI)?(POINT|POLYGON|LINESTRING|ENVELOPE)\s*Z?\s*\(", re.I)
NUMBER = r"-?\d{1,3}(\.\d+)?"
BOX = re.compile(rf"^[\[(]*\s*{NUMBER}(\s*[\]\[, ]+\s*{NUMBER}){{3,5}}\s*[\])]*$")
LICENCE_ADDRESS = re.compile(
    r"creativecommons\.org/(licen[cs]es|publicdomain|about/cc0)|opendatacommons\.org|opendefinition\.org/licen[cs]es"
    r"|/(open-)?(government-)?licen[cs]es?\b|/lizenz|/licenc|licence-ouverte|open-licence|govdata\.de/dl-de"
    r"|usa\.gov/(publicdomain|government-works)|terms-?of-?use|/terms[-_/]?|nutzungs|authority/licence|spdx\.org"
    r"|LimitationsOnPublicAccess|ConditionsApplyingToAccessAndUse|/tou\b|rightsstatements\.org",
    re.I,
)
LICENCE_NAME = re.compile(
    r"\bcc[-_ ]?(by|0|zero)\b|creative commons|\bodbl\b|\bodc[-_ ](by|pddl|odbl)|\bpddl\b|\bogl\b|\buk-ogl\b"
    r"|open government licen|open data commons|public domain|licence ouverte|open licen[cs]e|\biodl\b|\bfr-lo\b"
    r"|\bdl-de[-/]|\bnon-?commercial|noncommercialallowed|terms_(open|by|ask)|noConditionsApply|no conditions apply",
    re.I,
)
FORMATS = vocabulary(
    "csv tsv xls xlsx ods odt pdf json geojson xml rdf ttl kml kmz gml shp shapefile zip html htm txt doc docx "
    "ppt pptx gpkg dxf dwg tif tiff geotiff jpg jpeg png gif wms wfs wcs wmts api rest sparql netcdf nc hdf "
    "grib bufr sqlite mdb accdb dbf sav dta rdata parquet n3 jsonld json-ld rss atom ics gtfs px pc-axis sdmx "
    "geodatabase gdb fgdb las laz ecw sid 7z rar tar gz mp3 mp4 wav epub topojson svg text excel "
)
LANGUAGE = re.compile(
    r"^[a-z]{2,3}([-_;].{2,12})?$|authority/language/[A-Z]{3}|iso639-[12]/\w+|^(english|french|german|italian|spanish"
    r"|deutsch|français|italiano|español|japanese|日本語)\b",
    re.I,
)
NEUTRAL_ROLES = re.compile(r"distributor|user|processor|resourceProvider|sponsor", re.I)


def find(all_leaves: list[Leaf]) -> dict[str, list[Leaf]]:
    """Return the values that state each fact."""
    found: dict[str, list[Leaf]] = {}
    served = any(one.path in ("/stac_version", "/conformsTo/0") or one.path == "/geometry" for one in all_leaves)
    for leaf in all_leaves:
        for fact in facts_of(leaf, served):
            found.setdefault(fact, []).append(leaf)
    return found


def _has(leaf: Leaf, text: str) -> bool:
    return not leaf.own.isdisjoint(text.split())


def _under(leaf: Leaf, text: str) -> bool:
    return not leaf.above.isdisjoint(text.split())


def facts_of(leaf: Leaf, served: bool = False) -> Iterator[str]:
    """Yield the facts that a value states. ``served``: ``created`` in the document is that of a
    catalogue API's record.
    """
    value = leaf.value
    if not value or PLACEHOLDER.match(value):
        return
    short = len(value) <= 300
    if _is_licence(leaf, short):
        yield "licence"
    if _is_spatial(leaf, short):
        yield "spatial"
    if short and _is_frequency(leaf):
        yield "frequency"
    yield from _dates(leaf, served)
    if short and _is_publisher(leaf):
        yield "publisher"
    if short and _is_contact(leaf):
        yield "contact"
    if short and _is_format(leaf):
        yield "format"
    spoken = _has(leaf, "language languages langdata lang sprache idioma langue culture lingua locale")
    if short and spoken and LANGUAGE.search(value.strip("[]\"'")):
        yield "languages"


def _is_licence(leaf: Leaf, short: bool) -> bool:
    if _has(leaf, "license licence licenses licences licenseinfo lizenz licencia licenza licensing"):
        return not _has(leaf, "required type")
    if leaf.near in ("license", "licence") and _has(leaf, "href"):
        return leaf.value.startswith("http")
    in_terms = _under(leaf, "rights constraints restrictions terms constraint uselimitation conditions usage copyright")
    if short and (LICENCE_ADDRESS.search(leaf.value) or LICENCE_NAME.search(leaf.value)):
        return in_terms or not _under(leaf, "description notes title keyword keywords tags abstract links distribution")
    if {"use", "limitation"} <= leaf.own or {"other", "constraints"} <= leaf.own or _has(leaf, "useconst"):
        return True
    long = len(leaf.value) > 30 or " " in leaf.value
    if long and _has(leaf, "restrctn conditions"):
        return True
    reuse = re.search(r"\b(free|unrestricted|reuse|permission|without charge|licen[cs]e)\b", leaf.value, re.I)
    if reuse and _has(leaf, "rights") and len(leaf.value) > 40:
        return True
    return in_terms and bool(LICENCE_NAME.search(leaf.value) or LICENCE_ADDRESS.search(leaf.value))


def _is_spatial(leaf: Leaf, short: bool) -> bool:
    value = leaf.value
    keyed = _under(leaf, "spatial extent geographic bbox bounding coverage geom geometry boundingbox zones spdom box")
    if '"coordinates"' in value or WKT.match(value):
        return True
    pair = re.fullmatch(r"\[?\s*-?\d{1,3}(\.\d+)?,?\s+-?\d{1,2}(\.\d+)?\s*\]?", value)
    if pair and (_has(leaf, "extent") or {"corner"} & leaf.own):
        return True
    if _has(leaf, "zones nation") and short:
        return True
    if short and PLACE.search(value):
        return keyed or _under(leaf, "spatial location place")
    if BOX.match(value) and keyed and not _under(leaf, "temporal"):
        return True
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return _has(leaf, "west east north south xmin ymin xmax ymax westbc eastbc northbc southbc longitude latitude")
    if not short or _under(leaf, "temporal") or DATE.match(value) or value.startswith("http"):
        return False
    return (
        _has(leaf, "spatial geographic bbox jurisdiction territory geographical municipality province country")
        and not _has(leaf, "resolution unit ref reference representation type granularity uri system relational")
        or bool(_under(leaf, "spatial zones geographicidentifier") and _has(leaf, "label name identifier code"))
    )


def _is_frequency(leaf: Leaf) -> bool:
    if EU_FREQUENCY.search(leaf.value):
        return True
    keyed = {"update", "interval"} <= leaf.own or _has(
        leaf, "freq 更新頻度 frequency frequencies periodicity accrual accrualperiodicity aktualisierung cadence"
    )
    keyed = keyed or leaf.path.endswith("/status[1]/update[1]")  # FGDC
    folded = re.sub(r"[\s-]", "", leaf.value.lower())
    if folded in FREQUENT or DURATION.match(leaf.value):
        return keyed or (_has(leaf, "maintenance update modified") and not _under(leaf, "status"))
    return keyed and not DATE.match(leaf.value) and len(leaf.value) < 250 and not _has(leaf, "band date")


def _dates(leaf: Leaf, served: bool) -> Iterator[str]:
    value = leaf.value
    epoch = bool(EPOCH.match(value)) and _has(leaf, "created modified updated date issued extent time")
    is_date = bool(DATE.match(value)) or epoch
    if _under(leaf, "publisher organization organisation contact thesaurus thesaurusname owner aggregation"):
        return
    timed = (
        _under(leaf, "temporal timeperiod period timperd timeperd interval")
        or {"time", "extent"} <= leaf.own
        or {"time", "range"} <= leaf.own
    )
    if timed and not _has(leaf, "frequency resolution accrual"):
        if (
            is_date
            or DAY.search(value)
            or INTERVAL.match(value)
            or re.search(r"\b(1[5-9]|20)\d\d\b|\b\d{12}\b", value[:60])
        ):
            yield "temporal"
        return
    if not is_date:
        if INTERVAL.match(value) and DAY.search(value) and _has(leaf, "time coverage range"):
            yield "temporal"
        return
    if _has(leaf, "begin end start from to begdate enddate caldate") and (
        re.match(r"\d{4}", value) or DAY.search(value)
    ):
        yield "temporal"
        return
    record = _under(leaf, "metadata datestamp metd datestamp metainfo record system") or served
    record = record and not leaf.path.startswith(("/MD_Metadata/identificationInfo", "/metadata/idinfo"))
    record = record and "/stdyDscr" not in leaf.path
    kind = leaf.near if {"date"} & leaf.own or "CI_Date" in leaf.path else ""
    if record and _has(leaf, "created modified updated update date datestamp metd stamp changed timestamp revised"):
        yield "record_modified"
    elif _has(leaf, "issued published publication released release created creation pubdate first dist") or re.search(
        r"publication|creation|released", kind
    ):
        yield "issued"
    elif _has(leaf, "modified updated update revised revision changed change last") or "revision" in kind:
        yield "modified"
    elif _has(leaf, "date") and leaf.path.count("/") <= 2:
        yield "modified"
        yield "issued"


def _is_publisher(leaf: Leaf) -> bool:
    if MAIL.match(leaf.value) or DATE.match(leaf.value) or MEDIA.match(leaf.value):
        return False
    if _has(leaf, "username") or (" " not in leaf.value and leaf.path == "/owner"):
        return False  # an account
    if _has(
        leaf,
        "roles latitude id identifier type image url logo email mail phone description state created revision slug",
    ):
        return False
    keyed = "publisher organization organisation agency attribution herausgeber proprietario titular editor creator"
    keyed += " publishers owner author originator origin rightsholder provider providers department distrbtr"
    keyed += " organisationname"
    return (
        _has(leaf, keyed)
        or (_under(leaf, "owner") and _has(leaf, "first_name first"))
        or (_under(leaf, "publisher") and _has(leaf, "name title label"))
    )


def _is_contact(leaf: Leaf) -> bool:
    if MAIL.match(leaf.value):
        return True
    keyed = _has(leaf, "contact maintainer kontakt contactpoint contacto contatto contacts")
    named = _under(leaf, "contact maintainer contactpoint pointofcontact contacts") and _has(
        leaf, "fn name email mail url individualname organisationname organization"
    )
    return (keyed or named) and not _has(leaf, "id type role phone") and not DATE.match(leaf.value)


def _is_format(leaf: Leaf) -> bool:
    aside = "thumbnail described contacts supported graphic quicklook overview summaries check template"
    if _under(leaf, aside) or leaf.value.lower() == "application/octet-stream":
        return False
    if MEDIA.match(leaf.value) or FILE_TYPE.search(leaf.value):
        # The format of a page's or an interface's response is not the format of the data.
        return leaf.near not in ("self", "root", "parent", "collection", "items", "license", "about", "canonical")
    folded = leaf.value.lower().lstrip(".")
    if folded in FORMATS:
        return _has(leaf, "format formats mimetype extension mime media filetype type formname natvform label")
    return _has(leaf, "format formats mimetype mediatype formname natvform") and len(leaf.value) < 60
