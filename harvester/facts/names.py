"""Look up which fact a field states by its name; all spellings of a name are treated as one.

``accrualPeriodicity``, ``accrual_periodicity``, ``dct:accrualPeriodicity`` and ``Accrual Periodicity`` are the same
name. The known names stand in ``specs/field_names.toml``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from catalog import vocabulary
from catalog.vocabulary.folding import compact
from specs.field_names import Group, field_names

__all__ = ["FieldName", "Of", "field_name", "folded", "known_names"]

Of = Literal["dataset", "file", "agent", "licence", "period", "place"]
"""What the object that holds the fields describes."""

_NAMESPACE = re.compile(
    r"(?:https?://\S*[/#]|(?:dct|dcterms|dc|dcat|dcatap|dcatapit|dcat[_-]ap[_-]it|adms|foaf|schema|schema[_.]org|sdo|vcard"
    r"|skos|prov|locn|gmd|gco|gmx|mdb|mri|spdx|owl|rdfs?|odrs|odrl|cc|pod|extras?|custom|iso|iso19139|common[ _-]core"
    r"|dataset|package|resource|distribution)[:_./-])(?=.)",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"(.+?)(?:[ _.@:/-]+|\[\[?)([a-z]{2,3})(?:[_-][a-z]{2,4})?\]{0,2}", re.IGNORECASE)
_CAMEL_LANGUAGE = re.compile(r"(.*[a-z])(En|Fr|De|It|Es|Pt|Nl|Sv|Fi|Da|No|Nb|Ca|Eu|Gl|Pl|Cs|El|Ja|Ar|Ru|Uk)")
_TRANSLATED = re.compile(r"(.+?)[ _-]?(?:translated|translations?|i18n|multilang|multilingual)", re.IGNORECASE)
_GROUP = re.compile(r"[_|/>:]| - |\.")
_CACHED = 20_000
"""How many names are cached; the limit keeps hostile records from filling the memory."""


class FieldName(NamedTuple):
    """The meaning of a field's name: which fact the field states, such as "licence" for "license_url"."""

    fact: str
    rank: int
    """Position among the names of the fact; a smaller number is a clearer name."""
    language: str | None = None
    """Language code at the end of the name, if there is one."""


@lru_cache(maxsize=8)
def folded(of: Of) -> dict[str, FieldName]:
    """Return all field names known for objects of the kind ``of``, each with the fact that it means.

    ``of`` is for example "dataset" or "file". The keys are names in a common spelling without capitals and separators:
    "Update-Frequency" and "update_frequency" both have the key "updatefrequency".
    """
    groups: tuple[Group, ...] = ("both", of) if of in ("dataset", "file") else (of,)
    found: dict[str, FieldName] = {}
    for group in groups:
        for fact, names in field_names()[group].items():
            for rank, name in enumerate(names):
                key = compact(name)
                if group == "both" or key not in found or found[key].fact != fact:
                    found[key] = FieldName(fact, rank)
    return found


_known: dict[tuple[str, bool], dict[str, FieldName | None]] = {}


def known_names(of: Of, *, is_grouped: bool = False) -> dict[str, FieldName | None]:
    """Return the cache of :func:`field_name`: the names it has looked up so far, with its result for each.

    There is one cache for each pair of ``of`` and ``is_grouped``, the parameters of :func:`field_name`. The value is
    None for a name that means no fact. Callers may read the cache directly to save the call, but must not change it.
    """
    return _known.setdefault((of, is_grouped), {})


def field_name(name: str, of: Of = "dataset", *, is_grouped: bool = False) -> FieldName | None:
    """Return the fact that a field called ``name`` states; None if the name is not known or has over 200 characters.

    ``of`` is what the object with the field describes: "dataset", "file", "agent" and so on. ``is_grouped``: whether
    the portal puts names of groups before the names of fields. A name that is not known is then looked up again without
    its first part: "Legal_License-URL" is read as "License-URL".
    """
    known = known_names(of, is_grouped=is_grouped)
    if name in known:
        return known[name]
    if len(known) > _CACHED:
        known.clear()
    found = known[name] = _look_up(name, of, is_grouped) if len(name) <= 200 else None
    return found


def _look_up(name: str, of: Of, is_grouped: bool) -> FieldName | None:
    names = folded(of)
    rest = name
    while True:
        if found := _plain(rest, names):
            return found
        cut = _GROUP.search(rest) if is_grouped else None
        if cut is None or cut.end() >= len(rest):
            return None
        rest = rest[cut.end() :]


def _plain(name: str, names: dict[str, FieldName]) -> FieldName | None:
    """Look up a name as it is, then without its namespace, its language, or both."""
    bare = _NAMESPACE.sub("", name, count=1) if _NAMESPACE.match(name) else None
    for form in (name, bare):
        if not form:
            continue
        if found := names.get(compact(form)):
            return found
        if (match := _TRANSLATED.fullmatch(form)) and (found := names.get(compact(match[1]))):
            return found
        match = _LANGUAGE.fullmatch(form) or _CAMEL_LANGUAGE.fullmatch(form)
        if match and (code := vocabulary.language_code(match[2].lower())) and (found := names.get(compact(match[1]))):
            return FieldName(found.fact, found.rank, code)
    return None
