"""Recognise the file format meant by a declared format, media type or address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from catalog.vocabulary.folding import clean, compact, segment_after, split_list, url_key
from specs.vocabularies import read

__all__ = ["FileFormat", "Kind", "file_format", "format_of_url", "known_media_type"]

Kind = Literal[
    "table",
    "spreadsheet",
    "geo",
    "rdf",
    "document",
    "text",
    "image",
    "archive",
    "service",
    "web",
    "video",
    "other",
]

_LIMIT = 1_000
"""Characters of a declared format; a longer text is not read."""
_URL_LIMIT = 8_000
_EU = "publications.europa.eu/resource/authority/file-type/"
_MEDIA_TYPE_URIS = (
    "iana.org/assignments/media-types/",
    "purl.org/net/mediatypes/",
    "inspire.ec.europa.eu/media-types/",
)
_MEDIA_TYPE = re.compile(r"([a-z]+)/([a-z0-9][a-z0-9!#$&^_.+-]{0,126})")
_NOISE = re.compile(
    r"\b(?:files?|format|formats|formato|formaat|document|data|datei|fichiers?|archivo|arquivo|download)\b"
)
_SEPARATOR = re.compile(r"\s*[,;/|&+]\s*|\s+(?:and|or|und|oder|et|ou|y|e|o|en|of)\s+")
_PIECE = re.compile(r"(^|[,;])([^,;]*)")
_GENERIC = (
    "ZIP", "GZIP", "TAR", "TAR_GZ", "7Z", "RAR", "BZIP2", "XML", "JSON", "OCTET", "BIN", "TXT",
)  # fmt: skip
"""Forms that can hold others: a GeoJSON file is JSON, a shapefile comes in a ZIP."""
_FORMAT_PARAMETERS = {"format", "f", "outputformat", "output", "mimetype", "filetype", "exportformat"}
_SERVICE = {"wms": "WMS_SRVC", "wfs": "WFS_SRVC", "wcs": "WCS_SRVC", "wmts": "WMTS_SRVC"}
_ESRI = re.compile(r"/(?:feature|map|image|scene|vectortile)server(?:/\d+)?/?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """A file format, or a kind of service such as WMS."""

    id: str
    """Code of the EU authority table "file-type", or our own if that table has none (then without ``eu_uri``)."""
    title: str
    eu_uri: str | None
    media_types: tuple[str, ...]
    """Its media types, the usual one first: those registered with IANA, and vendor types in the same form."""
    extensions: tuple[str, ...]
    """Its file name extensions, without the dot."""
    kind: Kind
    is_machine_readable: bool
    """Our judgement: a program can read the data without guessing at its structure."""
    is_non_proprietary: bool
    """Our judgement for the third star of open data: its specification is open and needs no particular product."""
    mqa_machine_readable: bool
    """Whether the Metadata Quality Assessment (MQA) of data.europa.eu, version 1, lists it as machine-readable (20
    formats; TSV and Parquet are not among them, XLS is)."""
    mqa_non_proprietary: bool
    """Whether the MQA, version 1 as of 2025, lists it as non-proprietary (31 formats)."""
    ckan_stars: int | None
    """Stars, 0 to 5, that ckanext-qa gives it; None if its table does not have the format."""

    @property
    def is_generic(self) -> bool:
        """Return whether the format says little about the data, because other formats are built on it: ZIP, XML, JSON,
        TXT, ..."""
        return self.id in _GENERIC


@lru_cache(maxsize=1)
def _index() -> tuple[dict[str, FileFormat], dict[str, FileFormat], dict[str, FileFormat]]:
    """Return the formats by name, by media type (including unregistered ones) and by extension."""
    names: dict[str, FileFormat] = {}
    media_types: dict[str, FileFormat] = {}
    extensions: dict[str, FileFormat] = {}

    def put(index: dict[str, FileFormat], key: str, entry: FileFormat) -> None:
        if index.setdefault(key, entry) is not entry:
            raise ValueError(f"formats.csv: {key!r} stands for {index[key].id} and {entry.id}: drop one")

    for row in read("formats"):
        entry = FileFormat(
            id=row["id"],
            title=row["title"],
            eu_uri=row["eu_uri"] or None,
            media_types=split_list(row["media_types"]),
            extensions=split_list(row["extensions"]),
            kind=cast(Kind, row["kind"]),
            is_machine_readable=row["is_machine_readable"] == "yes",
            is_non_proprietary=row["is_non_proprietary"] == "yes",
            mqa_machine_readable=row["mqa_machine_readable"] == "yes",
            mqa_non_proprietary=row["mqa_non_proprietary"] == "yes",
            ckan_stars=int(row["ckan_stars"]) if row["ckan_stars"] else None,
        )
        for extension in entry.extensions:
            put(extensions, extension, entry)
        for name in (entry.id, entry.title, *split_list(row["aliases"])):
            if (address := url_key(name)) and not _MEDIA_TYPE.fullmatch(name):
                put(media_types, address, entry)
            elif _MEDIA_TYPE.fullmatch(name):
                put(media_types, name, entry)
            else:
                put(names, compact(name), entry)
        for media_type in entry.media_types:
            put(media_types, media_type, entry)
    for extension, entry in extensions.items():
        # "rdf" as a declared format is the EU code RDF; as the extension of an address it is RDF/XML.
        names.setdefault(compact(extension), entry)
    return names, media_types, extensions


def _media_type(text: str) -> str | None:
    """Return ``type/subtype`` without parameters, from a media type or its IANA address."""
    plain = text.casefold().split(";")[0].split(",")[0].strip()
    plain = segment_after(url_key(plain), *_MEDIA_TYPE_URIS) or plain
    return plain if _MEDIA_TYPE.fullmatch(plain) else None


def _by_name(text: str) -> FileFormat | None:
    return None if _media_type(text) and _names_another(text) else _single(text)


def _single(text: str) -> FileFormat | None:
    """Return the format that a name or a media type means; what follows the media type is not read."""
    names, media_types, _ = _index()
    if media_type := _media_type(text):
        return media_types.get(media_type) or names.get(compact(media_type))
    return names.get(compact(text))


def _names_another(text: str) -> bool:
    """Return whether another format follows the media type with which a text begins.

    What has a "=" is a parameter. Behind a comma any other text but the same format counts, known or not; behind a
    semicolon only a known format or a media type does.
    """
    first, *following = _PIECE.findall(text.casefold())
    own = _single(first[1])
    for mark, piece in following:
        if not piece.strip() or "=" in piece:
            continue
        other = _single(piece)
        if other != own if other else mark == "," or _MEDIA_TYPE.fullmatch(piece.strip()):
            return True
    return False


@lru_cache(maxsize=4096)
def _resolve(declared: str) -> FileFormat | None:
    text = clean(declared, _LIMIT)
    if text is None:
        return None
    if entry := _by_name(text):
        return entry
    names, media_types, _ = _index()
    address = url_key(text)
    if address and (code := segment_after(address, _EU)):
        return names.get(compact(code))
    if address and re.match(r"https?:|www\.", text, re.IGNORECASE):
        return media_types.get(address)
    shorter = _NOISE.sub(" ", text.casefold())
    parts = [p for p in _SEPARATOR.split(shorter.replace("(", ",").replace(")", ",")) if p.strip()]
    if not compact(shorter) or len(parts) > 8:
        return None
    # Every part must be known and mean the same: "CSV, JSON" is two formats, "shp (wgs84)" has an unknown part.
    found = {_by_name(part) for part in parts}
    return found.pop() if len(found) == 1 else None


def file_format(*declared: str | None) -> FileFormat | None:
    """Return the file format that the first recognisable text means; None if no text is recognised.

    ``declared``: texts in order of preference, each an EU code, a name, a file name extension, a media type, or an
    address of the EU or IANA that stands for a format; None is skipped, and so is a text of more than 1,000 characters.
    A text that names several formats, or has parts that are not known, is not recognised. The parameters of a media
    type are not read.

    >>> file_format("see website", "text/csv; charset=utf-8").id, file_format("text/csv, application/json")
    ('CSV', None)
    """
    for text in declared:
        if text and len(text) <= _LIMIT and (entry := _resolve(text)):
            return entry
    return None


def format_of_url(url: str | None) -> FileFormat | None:
    """Return the file format that an address announces; None if it announces none, or several that differ.

    It is read from parameters such as ``format=csv`` and from the extension of the path or, if these name none, from
    the kind of service: OGC (``service=WMS``) or ArcGIS REST. An address that is invalid, or has more than 8,000
    characters, gives None. The server may still send another format.
    """
    if not url or len(url) > _URL_LIMIT:
        return None
    try:
        parts = urlsplit(url.strip())
        query = {k.casefold(): v for k, v in parse_qsl(parts.query, max_num_fields=100)}
    except ValueError:
        return None
    _, _, extensions = _index()
    path = unquote(parts.path)
    _, dot, ending = path.rsplit("/", 1)[-1].rpartition(".")
    by_path = extensions.get(ending.casefold()) if dot else None
    asked = [file_format(v) for k, v in query.items() if k in _FORMAT_PARAMETERS]
    found = {entry for entry in [by_path, *asked] if entry}
    if found:
        return found.pop() if len(found) == 1 else None
    if _ESRI.search(path):
        return file_format("ESRI_REST")
    return file_format(_SERVICE.get(query.get("service", "").casefold()))


@lru_cache(maxsize=4096)
def known_media_type(text: str | None) -> str | None:
    """Return a declared media type as ``type/subtype`` in lower case, without parameters; None if it is not in our
    table, or if another format follows it.

    ``text``: the media type, or its address at IANA or INSPIRE; a text of more than 1,000 characters gives None. The
    table has registered and vendor types only. Wrong spellings (``text/json``, ``application/x-pdf``) give None, though
    :func:`file_format` recognises them.
    """
    if not text or len(text) > _LIMIT:
        return None
    cleaned = clean(text, _LIMIT)
    media_type = _media_type(cleaned) if cleaned else None
    if media_type is None or cleaned is None or _names_another(cleaned):
        return None
    entry = _index()[1].get(media_type)
    return media_type if entry and media_type in entry.media_types else None
