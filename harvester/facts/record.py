"""Collect every statement of a record by fact, then choose the best one of each.

    facts = RecordFacts("dataset", preferred=("fr",))
    facts.read(raw)                          # fields by their names
    facts.add("licence", node, "rights", rank=50)    # a value that no field name identifies
    facts.text("frequency"), facts.licence(), facts.period(), facts.places(), facts.publisher(), facts.contact()

Values keep their original wording; placeholders are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog.model import Contact, Publisher
from catalog.vocabulary import language_code
from harvester.facts.bodies import Party, bodies, contact_of, person_of, publisher_of
from harvester.facts.candidates import Candidate, FactScope, Standing
from harvester.facts.choice import Choice, choose, grade
from harvester.facts.languages import MultilingualText, by_language, first_language, worded
from harvester.facts.meaning import meant
from harvester.facts.names import Of, field_name, known_names
from harvester.facts.periods import Period, periods, span
from harvester.facts.places import box, places
from harvester.facts.record_words import ODD, plain_words, texts_by_language
from harvester.facts.roles import date_fact, is_publisher
from harvester.facts.values import email, is_language_map, json_text, text

__all__ = ["REPEATS", "RecordFacts"]

REPEATS = re.compile(r"(?i)R\d*/.*P\s*T?\d.*")
_OBJECT_NAMES = (
    "name", "title", "label", "prefLabel", "skos:prefLabel", "rdfs:label", "value", "code", "uri",
    "@id", "id", "url", "href", "resource", "theme", "identifier",
)  # fmt: skip
# Facts for which an object's address is more useful than its label, and the names of the field with the address.
_LINKS = ("relations", "references", "documentation", "landing_page", "described_by")
_ADDRESSES = ("url", "href", "resource", "uri", "@id")


class RecordFacts:
    """Everything that a record, or one distribution in it, states about each fact ("licence", "title").

    A fact may stand in several fields; each value is a candidate (:class:`~harvester.facts.candidates.Candidate`).
    :meth:`read` and :meth:`add` collect candidates, :meth:`text` and the other methods return the best ones.
    Placeholders ("N/A") are left out. ``of``: what the fields describe ("dataset", "file"); ``preferred``: languages.
    """

    __slots__ = ("contradictions", "found", "of", "preferred")

    def __init__(self, of: Of = "dataset", preferred: Sequence[str | None] = ()) -> None:
        self.of: Of = of
        self.preferred = preferred
        """Language codes, the portal's own first."""
        self.found: dict[str, list[Candidate]] = {}
        self.contradictions: list[str] = []

    # Gathering

    def read(
        self,
        fields: Mapping[str, Any] | Iterable[tuple[str, Any]],
        path: str = "",
        *,
        scope: FactScope = FactScope.DATASET,
        standing: Standing = Standing.STATED,
        is_grouped: bool = False,
    ) -> None:
        """Add the value of each of ``fields`` as a candidate for the fact that the name of the field means.

        Unknown names and empty values are ignored. ``path`` says where the fields stand in the record ("extras/").
        ``scope`` and ``standing`` are stored with each candidate; :func:`field_name` explains ``is_grouped``.
        """
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        of, found, known = self.of, self.found, known_names(self.of, is_grouped=is_grouped)
        for key, value in pairs:
            if value is None or value == "" or type(key) is not str:
                continue
            name = known[key] if key in known else field_name(key, of, is_grouped=is_grouped)
            if name is not None:
                one = Candidate(name.fact, value, path + key, scope, standing, name.rank, name.language)
                if name.fact in found:
                    found[name.fact].append(one)
                else:
                    found[name.fact] = [one]

    def add(
        self,
        fact: str,
        value: Any,
        path: str,
        *,
        rank: int = 0,
        scope: FactScope = FactScope.DATASET,
        standing: Standing = Standing.STATED,
    ) -> None:
        """Add ``value`` as a candidate for ``fact`` without looking at the name of its field; None and "" are ignored.

        ``path`` is its place in the record ("rights"). Of several candidates, a smaller ``rank`` is preferred.
        ``scope`` and ``standing`` are stored with it.
        """
        if value is not None and value != "":
            self.found.setdefault(fact, []).append(Candidate(fact, value, path, scope, standing, rank))

    def drop(self, *facts: str) -> None:
        """Remove all candidates for ``facts``: in this portal type, fields of these names mean something else."""
        for fact in facts:
            self.found.pop(fact, None)

    # Choosing

    def candidates(self, fact: str) -> list[Candidate]:
        """Return the candidates for ``fact``, with texts as values; [] if there are none. Placeholders are left out.

        A list (also as JSON in a text) is replaced by candidates for its items, an object by one for its most useful
        text: of a language map the preferred language; of a licence, its address and its name.
        """
        made = []
        for one in self.found.get(fact, ()):
            value = one.value
            if type(value) is str and value[:1] not in ODD:
                # Most values are plain texts.
                if value.strip() and meant(fact, value):
                    made.append(one)
                continue
            made += [one._replace(value=said, rank=one.rank) for said in self._texts(fact, value)]
        return made

    def _texts(self, fact: str, value: Any) -> list[str]:
        value = json_text(value)
        if isinstance(value, list):
            return [said for item in value for said in self._texts(fact, item)]
        if isinstance(value, dict):
            if fact == "licence":
                return self._licence_texts(value)
            if not is_language_map(value) and "@value" not in value:
                keys = (*_ADDRESSES, *_OBJECT_NAMES) if fact in _LINKS else _OBJECT_NAMES
                found = next((said for key in keys if (said := self.words(value.get(key)))), None)
                return [found] if found and meant(fact, found) else []
        found = self.words(value)
        return [found] if found and meant(fact, found) else []

    def _licence_texts(self, value: dict[str, Any]) -> list[str]:
        """Return the address and the name of a licence given as an object."""
        told: dict[str, tuple[int, str]] = {}
        for key, one in value.items():
            name = field_name(str(key), "licence")
            said = self.words(one) if name else None
            if name and said and meant("licence", said) and name.rank < told.get(name.fact, (999, ""))[0]:
                told[name.fact] = (name.rank, said)
        if not told and (said := self.words(value)) and meant("licence", said):
            return [said]
        return [told[fact][1] for fact in ("address", "name") if fact in told]

    def words(self, value: Any) -> str | None:
        """Return the first text in the JSON ``value``, such as a text or a list; None if it has none.

        Of a language map, that is the text in the preferred language or, if there is none, in another one.
        """
        if isinstance(value, dict) and is_language_map(value):
            there = {code: said for code, one in value.items() if (said := text(one)) is not None}
            codes = {language_code(code) or code: said for code, said in there.items()}
            return codes.get(first_language(codes, self.preferred))
        if isinstance(value, list):
            return next((said for one in value if (said := self.words(one)) is not None), None)
        return text(value)

    def choice(self, fact: str) -> Choice | None:
        """Return the best candidate for ``fact``; None if there is none, or if all are placeholders.

        Contradictions between candidates are added to ``self.contradictions``.
        """
        if fact not in self.found:
            return None
        chosen = choose(fact, self.candidates(fact))
        if chosen is not None and chosen.contradictions:
            self.contradictions += chosen.contradictions
        return chosen

    def text(self, *facts: str) -> str | None:
        """Return the best text for the first of ``facts`` that has a usable candidate; None if none of them has one.

        A placeholder such as "N/A" is not usable. Contradictions between candidates are added to
        ``self.contradictions``.
        """
        for fact in facts:
            found = self.found.get(fact)
            if found is None:
                continue
            if len(found) == 1 and type(said := found[0].value) is str and said[:1] not in ODD:
                # Nearly always there is just one plain text.
                if meant(fact, said):
                    return said
                continue
            if (chosen := self.choice(fact)) is not None:
                return chosen.text
        return None

    def all_texts(self, *facts: str) -> tuple[str, ...]:
        """Return the different texts of the candidates for ``facts``, without placeholders; () if there are none.

        They are sorted by the scope of the candidate (FILE, then DATASET, then CATALOGUE), then by its standing (stated
        ones first), then by the rank of its field's name ("licence" before "terms"). The same text is returned once.
        """
        found = [one for fact in facts if fact in self.found for one in self.candidates(fact)]
        found.sort(key=lambda one: (one.scope, one.standing, one.rank))
        return tuple(dict.fromkeys(one.value for one in found))

    def first_texts(self, fact: str) -> tuple[str, ...]:
        """Return the different texts in the best field that states ``fact``; () if no field has a usable text.

        Fields are sorted as in :meth:`all_texts`. Only the first that has a text other than a placeholder is used: one
        with the list ["de", "fr"] gives ("de", "fr"), and a second field for the language adds nothing.
        """
        if fact not in self.found:
            return ()
        for one in sorted(self.found[fact], key=lambda one: (one.scope, one.standing, one.rank)):
            if said := [text for text in self._texts(fact, one.value) if text.strip()]:
                return tuple(dict.fromkeys(said))
        return ()

    def shown(self, fact: str) -> str | None:
        """Return the text for ``fact``, "title" or "description", in the preferred language or, if there is none, in
        another one.

        None if the record states no text for it, or only placeholders.
        """
        found = self.found.get(fact)
        if found is None:
            return None
        if len(found) == 1 and type(said := found[0].value) is str and said[:1] not in ("{", "["):
            return said if said.strip() and meant(fact, said) else None
        texts = texts_by_language(fact, self.found.get(fact, ()))
        return texts.get(first_language(texts, self.preferred))

    def spread_dates(self) -> None:
        """Replace the candidates for "dated" by candidates for the dates that they mean. Call it before dates are read.

        A date with the type "revision", such as ``{"type": "revision", "value": ...}``, is a candidate for "modified",
        for example. Dates without a known type are dropped.
        """
        for one in self.found.pop("dated", ()):
            items = json_text(one.value)
            for item in items if isinstance(items, list) else [items]:
                if not isinstance(item, dict):
                    continue
                if fact := date_fact(item):
                    self.add(fact, item.get("value") or item.get("date"), one.path, rank=one.rank + 200)

    def spread_roles(self) -> None:
        """Add each party in a list of contacts whose role is that of a publisher as a candidate for "publisher".

        It is then removed from the contacts, unless the list has no other party. Call this before both are read.
        """
        for one in self.found.get("contact", ()):
            items = json_text(one.value)
            if not isinstance(items, list):
                continue
            publishers = [item for item in items if is_publisher(item)]
            for item in publishers:
                self.add("publisher", item, one.path, rank=one.rank + 200)
            others = [item for item in items if not is_publisher(item)]
            if publishers and others:
                kept = [one._replace(value=others) if held is one else held for held in self.found["contact"]]
                self.found["contact"] = kept

    # Facts that are more than one text

    def licence(self) -> tuple[str | None, str | None]:
        """Return the best licence, as stated, and another name or code of it that the record gives; each may be None.

        The second is None if the candidates contradict each other, since it may then be the name of another licence.
        """
        if "licence" not in self.found:
            return None, None
        chosen = self.choice("licence")
        if chosen is None:
            return None, None
        # "not specified" beside a licence is not its name.
        beside = next((one for one in chosen.others if grade("licence", one)), None)
        return chosen.text, None if chosen.contradictions else beside

    def modified(self) -> str | None:
        """Return the date of the last change, as stated; None if the record states none.

        A repetition interval (``R/P1D``), which DCAT-US allows here, becomes a candidate for the fact "frequency"; call
        this method before the frequency is read.
        """
        if "modified" in self.found:
            stated = self.found["modified"]
            repeats = [one for one in stated if isinstance(one.value, str) and REPEATS.fullmatch(one.value.strip())]
            if repeats:
                self.found["modified"] = [one for one in stated if one not in repeats]
                self.found.setdefault("frequency", []).extend(one._replace(rank=one.rank + 100) for one in repeats)
        return self.text("modified")

    def period(self) -> Period:
        """Return the start and the end of the time that the data cover, as stated; each may be None.

        What separate fields for start and end do not state is taken from a field for the whole period.
        """
        start, end = self.text("temporal_start"), self.text("temporal_end")
        if (start is None or end is None) and "temporal" in self.found:
            # Several periods in one field are joined; other fields that repeat the period in other words are not.
            found = sorted(self.found["temporal"], key=lambda one: (one.scope, one.standing, one.rank))
            for one in found:
                first, last = span(periods(one.value))
                if first or last:
                    return start or first, end or last
        return start, end

    def places(self) -> tuple[str, ...]:
        """Return the areas that the data cover, as texts (names, geometries, boxes), each once; () if there are none.

        Areas in a field with a clear name come first; a box made from four separate fields comes last.
        """
        found: list[str] = []
        for one in sorted(self.found.get("spatial", ()), key=lambda one: (one.scope, one.standing, one.rank)):
            value = json_text(one.value) if isinstance(one.value, str) else one.value
            is_words = isinstance(value, dict) and is_language_map(value)
            said = self.words(value) if is_words else None
            found += [said] if said and meant("spatial", said) else [] if is_words else places(one.value)
        if "bbox_west" in self.found:
            sides = (self.text(f"bbox_{side}") for side in ("west", "south", "east", "north"))
            found += [corners] if (corners := box(*sides)) else []
        return tuple(dict.fromkeys(found))

    def bodies(self, fact: str) -> list[Party]:
        """Return the persons and organisations stated for ``fact`` ("publisher" or "contact"); [] if there are none.

        They are sorted by scope, then by standing, then by the rank of the name of their field ("publisher" comes
        before "rights holder"). A party that is stated twice is returned twice.
        """
        if fact not in self.found:
            return []
        ordered = sorted(self.found[fact], key=lambda one: (one.scope, one.standing, one.rank))
        return [body for one in ordered for body in bodies(one.value, self.words)]

    def publisher(self, *filed_under: Party) -> Publisher | None:
        """Return the publisher of the dataset; None if nobody with a name is found.

        Fields for the publisher are read first, then ``filed_under`` (organisations to which the portal assigns the
        record), then fields for the fact "responsible". The first party with a name counts. If it is from a field for
        the publisher, separate fields such as "publisher_email" supply what it lacks.
        """
        own = self.bodies("publisher")
        named = next((body for body in own if body.name), None)
        if named is not None:
            merged = Party(
                name=named.name,
                email=named.email or email(self.text("publisher_email")),
                url=named.url or self.text("publisher_url"),
                identifier=named.identifier or self.text("publisher_identifier"),
                parents=named.parents or self._above(named.name),
            )
            return publisher_of([merged])
        return publisher_of([*filed_under, *self.bodies("responsible")])

    def _above(self, name: str | None) -> tuple[str, ...]:
        """Return the organisations above a publisher in a path such as "State > Department > Office"."""
        levels = [one.strip() for one in re.split(r"\s+>\s+", self.text("publisher_hierarchy") or "")]
        return tuple(reversed(levels[: levels.index(name)])) if name in levels else ()

    def contact(self, *further: Party) -> Contact | None:
        """Return the contact for the dataset; None if nobody with a name, email or page is found.

        The contact points, the maintainer, the author and the parties ``further`` are passed, in this order, to
        :func:`~harvester.facts.bodies.contact_of`, which prefers one with an email address.
        """
        found = self.found
        people = self.bodies("contact")
        for role in ("contact", "maintainer", "author"):
            name, mail = f"{role}_name" if role == "contact" else role, f"{role}_email"
            page = "contact_url"
            if name in found or mail in found or (role == "contact" and page in found):
                url = self.text(page) if role == "contact" else None
                people += person_of(self.bodies(name), email(self.text(mail)), url)
        return contact_of([*people, *further])

    def worded(self) -> MultilingualText:
        """Return title, description and keywords in the preferred language (else in another), with translations."""
        if (plain := plain_words(self.found, self._texts)) is not None:
            return plain
        title, description = (texts_by_language(fact, self.found.get(fact, ())) for fact in ("title", "description"))
        keywords: dict[str | None, list[str]] = {}
        for one in sorted(self.found.get("keywords", ()), key=lambda one: one.rank):
            for code, words in by_language(one.value, one.language).items():
                said = [word for word in words if meant("keywords", word) and word not in keywords.get(code, ())]
                keywords.setdefault(code, []).extend(dict.fromkeys(said))
        preferred = (*self.preferred, *self._own_language(title))
        return worded(title, description, {code: words for code, words in keywords.items() if words}, preferred)

    def _own_language(self, title: Mapping[str | None, str]) -> tuple[str, ...]:
        """Return the record's language if it states exactly one and its title is in that language."""
        if len(title) < 2 or len(stated := self.first_texts("language")) != 1:
            return ()
        code = language_code(stated[0])
        return (code,) if code is not None and code in title else ()
