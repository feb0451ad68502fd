"""Recognise the licence that a declared text means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from catalog.vocabulary import creative_commons
from catalog.vocabulary.folding import clean, name_key, pieces, split_list, url_key, urls_in
from catalog.vocabulary.licence_families import family_in_sentence, family_of_name, family_of_url, is_of_other_family
from specs.vocabularies import read

__all__ = ["Licence", "OpenDefinition", "is_restrictive", "licence"]

OpenDefinition = Literal["open", "not_open", "not_reviewed", "declared", "none"]

_LIMIT = 20_000
"""Characters. Longer licence texts are contracts, not names."""

_RESERVATION = re.compile(
    r"\b(?:(?:non|no|nicht|niet|ikke|icke|ei|nao)?(?:com+erci(?:al|aux|ais|eel|el)|kom+er(?:[zcst]+i|c[ny]))\w*"
    r"|academic|internal use|only|nur|seulement|uniquement|solo|pay|fees?"
    r"|except\w*|unless|excluding|prohibit\w*|forbidden|permission|not licen[sc]ed|not available|not open"
    r"|may not|must not|cannot|formerly|previously|no longer|instead of|compatible|similar to|based on|either"
    r"|nicht|ausser|ausgenommen|sauf|salvo|excepto|eccetto|exceto|behalve|additional terms)\b"
)
"""Words after which a licence named in a sentence may not be the licence of this dataset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence, or a placeholder such as "other (open)" that portals state instead of a licence."""

    id: str
    """SPDX id; our own id if SPDX has none."""
    title: str
    open_definition: OpenDefinition
    """Verdict of the Open Definition's list. "declared": a placeholder by which the publisher says "open" without
    naming a licence that could be verified. "none": the text says explicitly that no licence is given."""
    is_open: bool | None
    """Our judgement by the Open Definition 2.1, also for licences it never reviewed; None if we cannot tell."""
    is_data_usable: bool
    """False for licences made for software, fonts or prose, and if there is no licence."""
    in_mqa_list: bool
    """Whether it is in the EU authority table "licence" or its additions by data.europa.eu. That says nothing about
    openness."""
    eu_uri: str | None
    homepage: str | None


@lru_cache(maxsize=1)
def _index() -> tuple[dict[str, Licence], dict[str, Licence], dict[str, Licence]]:
    """Return the licences by id, by name key and by URL key."""
    ids: dict[str, Licence] = {}
    names: dict[str, Licence] = {}
    urls: dict[str, Licence] = {}
    for row in read("licences"):
        entry = Licence(
            id=row["id"],
            title=row["title"],
            open_definition=cast(OpenDefinition, row["open_definition"]),
            is_open={"yes": True, "no": False}.get(row["is_open"]),
            is_data_usable=row["is_data_usable"] == "yes",
            in_mqa_list=row["in_mqa_list"] == "yes",
            eu_uri=row["eu_uri"] or None,
            homepage=row["homepage"] or None,
        )
        ids[entry.id] = entry
        for alias in (entry.id, entry.title, entry.eu_uri, entry.homepage, *split_list(row["aliases"])):
            if alias is None:
                continue
            address = url_key(alias)
            index, key = (names, name_key(alias)) if address is None else (urls, address)
            if index.setdefault(key, entry) is not entry:
                raise ValueError(f"licences.csv: {alias!r} stands for {index[key].id} and {entry.id}: drop one")
    return ids, names, urls


def _by_url(address: str) -> Licence | None:
    ids, _, urls = _index()
    key = url_key(address)
    if key is None:
        return None
    without_query = re.sub(r"\?[^#]*", "", key)
    for candidate in (key, without_query, without_query.split("#")[0]):
        if candidate.rstrip("/") in urls:
            return urls[candidate.rstrip("/")]
    return ids.get(creative_commons.from_url(key) or family_of_url(key) or "")


def _by_name(text: str) -> Licence | None:
    ids, names, _ = _index()
    key = name_key(text)
    return names.get(key) or ids.get(creative_commons.from_name(key) or family_of_name(key) or "")


def _mentions(key: str) -> set[str]:
    """Return the ids whose whole name is in a sentence: three words or more, two with a version, or a word
    like ODbL."""
    _, names, _ = _index()
    tokens, at = key.split(), 0
    found: set[str] = set()
    while at < len(tokens):
        for size in range(min(12, len(tokens) - at), 0, -1):
            phrase = " ".join(tokens[at : at + size])
            entry = names.get(phrase)
            if entry and (size > 2 or re.search(r"\d\.\d", phrase) or _is_acronym(phrase, entry)):
                found.add(entry.id)
                at += size - 1
                break
        at += 1
    return found


def _is_acronym(phrase: str, entry: Licence) -> bool:
    placeholder = entry.open_definition in {"declared", "none"}
    return " " not in phrase and len(phrase) > 3 and entry.is_data_usable and not placeholder


def _by_prose(text: str) -> Licence | None:
    """Return the only licence the text can mean, by its addresses, its lines and the names in its sentences."""
    ids, _, _ = _index()
    parts = pieces(text)
    if any(_RESERVATION.search(name_key(part)) for part in parts):
        return None
    found = {entry.id for entry in map(_by_url, urls_in(text)) if entry}
    for part in parts:
        whole = _by_name(part)
        if whole and (whole.is_data_usable or " " in part):
            # A line that says just "Fair" or "Intel" names no software licence.
            found.add(whole.id)
            continue
        key = name_key(part)
        firm, weak = creative_commons.in_prose(key)
        named = _mentions(key)
        found |= firm | named
        if not named and (family := family_in_sentence(key)):
            found.add(family)
        for mention in weak:
            if mention is None or not any(_agrees(mention, other) for other in firm | found):
                return None
    if is_of_other_family(name_key(text)):
        found.discard("OGL")
    found = {i for i in found if ids[i].open_definition != "none"}
    named_ones = {i for i in found if ids[i].open_definition != "declared"}
    found = named_ones or found
    # "Creative Commons Attribution (CC BY 4.0)": the id with a version makes the other one redundant.
    exact = {i for i in found if not any(i != other and _agrees(i, other) for other in found)}
    return ids[exact.pop()] if len(exact) == 1 else None


def _agrees(unversioned: str, other: str) -> bool:
    if unversioned.startswith("-"):
        return other.endswith(unversioned)
    return other == unversioned or re.fullmatch(re.escape(unversioned) + r"-\d[\d.]*", other) is not None


@lru_cache(maxsize=8192)
def _resolve(declared: str) -> Licence | None:
    text = clean(declared, _LIMIT)
    if text is None:
        return None
    address = url_key(text)
    if address is not None:
        return _by_url(text)
    if "<" not in text and "\n" not in text and (entry := _by_name(text)):
        return entry
    return _by_prose(text)


def licence(*declared: str | None) -> Licence | None:
    """Return the licence that the first recognisable text means; None if no text is recognised.

    ``declared``: texts in order of preference, each an id, name, address, HTML or prose; None is skipped, and so is a
    text of more than 20,000 characters. A text that fits two licences, or names one with a reservation, is not
    recognised.

    >>> licence("see website", "Creative Commons Attribution 4.0").id
    'CC-BY-4.0'
    """
    for text in declared:
        if text and len(text) <= _LIMIT and (entry := _resolve(text)):
            return entry
    return None


@lru_cache(maxsize=4096)
def is_restrictive(declared: str) -> bool:
    """Return whether a declared text restricts the use of the data.

    It does if it means a licence that we judge not to be open; a text that says that no licence is given does not count
    as one. It also does if it means no known licence, is no address, and has words such as "non-commercial" or
    "permission". A text of more than 20,000 characters is not read, and counts as one that does not.
    """
    found = licence(declared)
    if found is not None:
        return found.is_open is False and found.open_definition != "none"
    text = clean(declared, _LIMIT)
    return text is not None and url_key(text) is None and _RESERVATION.search(name_key(text)) is not None
