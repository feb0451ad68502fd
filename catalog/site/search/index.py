"""Build the search index of the public file: one full-text table, and what each dataset can be chosen by.

The full-text table holds no text of its own, only tokens (:mod:`catalog.site.search.words`); the texts are shown from
``datasets``. Documents are numbered from the best to the worst, so that of very many hits the best can be read first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from catalog.db.schema.views import is_current
from catalog.exports.folders import folder_name
from catalog.site.search.words import LONGEST, STEMMERS, fold, is_unspaced, pairs, stem_tokens, words
from catalog.site.stored_json import stored, texts
from catalog.vocabulary.terms import language_code, theme
from specs.languages import languages
from specs.metrics import grade

__all__ = ["FACETS", "NAMES", "TEXT_LIMIT", "build_search_index", "interface_codes", "letter_of"]

FACETS = ("country", "government", "portal", "publisher", "theme", "format", "licence", "grade", "state")
"""What datasets can be chosen by, in the order of the page. Values of the second to fourth are the last parts of the
addresses of their pages."""
TEXT_LIMIT = 6_000
"""Characters of a description that are indexed."""
NAMES = ("search_documents", "search_values", "search_has", "search_languages", "search_text")
"""Tables of the index; the full-text table ``search_text`` has further ones whose names begin with its own."""

_TABLES = """
create table search_documents (
  number integer primary key, dataset_id text not null, work integer not null, state text, seen text, letter text,
  sorted text);
create table search_values (value integer primary key, facet text not null, name text not null, label text);
create table search_has (
  document integer not null, value integer not null, primary key (document, value)) without rowid;
create table search_languages (code text primary key) without rowid;
create virtual table search_text using fts5 (title, names, text, content='', tokenize='ascii');
"""
# From the best to the worst by what was observed, see the module.
_DATASETS = """
select d.id, d.portal_id, d.title, d.description, d.identifier, d.keywords, d.themes, d.language, d.translations,
       d.other_identifiers, d.status, d.copy_of, d.cluster_id, d.first_seen_run, d.publisher_id, b.name as publisher,
       p.country, coalesce(nullif(p.title, ''), p.id) as portal, coalesce(nullif(p.government, ''), p.title, p.id) as
       government, q.score, q.score_low, q.score_high
from datasets d left join publishers b on b.id = d.publisher_id left join portals p on p.id = d.portal_id
left join dataset_quality q on q.dataset_id = d.id
order by case d.status when 'missing' then 1 when 'retired' then 2 else 0 end, d.copy_of is not null,
         q.score_low is null, q.score_low desc,
         d.id"""
_KINDS = f"""
select distinct k.licence_id, coalesce(k.format_served, k.format_declared) as format
from distributions d join keys x on x.id = d.id join measured_distributions m on m.distribution_key = x.key
join distribution_kinds k on k.key = m.kind where d.dataset_id = ? and {is_current()}"""  # noqa: S608  # SQL of ours


def interface_codes() -> tuple[str, ...]:
    """Return the ISO 639 codes of the languages of the interface: those that a text of unknown language may be of."""
    return tuple(dict.fromkeys(code.partition("-")[0] for code in languages()))


def letter_of(folded: str) -> str:
    """Return the letter of the alphabetical index under which a folded title stands: one lower-case letter, "0-9",
    "joined" for scripts without blanks, or "other".

    >>> letter_of("education"), letter_of("2020 census"), letter_of("人口"), letter_of("")
    ('e', '0-9', 'joined', 'other')
    """
    first = folded[:1]
    if is_unspaced(first):
        return "joined"
    return "0-9" if first.isdigit() else first if first.isalpha() else "other"


def build_search_index(copy: sqlite3.Connection) -> None:
    """Build the search index in the public copy of a catalogue, in place of the one that it has.

    ``copy``: connection to the copy; its tables must be complete, and what must not be published removed. All datasets
    are indexed, also those that their portal lists no longer. Title, identifiers, publisher, keywords, description (its
    first 6,000 characters) and translations can be found.
    """
    for name in NAMES:
        copy.execute(f"drop table if exists {name}")
    for statement in _TABLES.split(";\n"):
        copy.execute(statement)
    datasets, kinds = copy.cursor(), copy.cursor()
    datasets.row_factory = kinds.row_factory = sqlite3.Row
    writer = _Writer(copy)
    # One dataset at a time: the texts of a large catalogue do not fit into memory.
    for number, row in enumerate(datasets.execute(_DATASETS), 1):
        writer.add(number, row, kinds.execute(_KINDS, (row["id"],)).fetchall())
    writer.finish()


class _Writer:
    """Collects rows of the index, so that each table is written in few statements."""

    def __init__(self, copy: sqlite3.Connection) -> None:
        self.copy = copy
        self.values: dict[tuple[str, str], int] = {}
        self.labels: dict[int, str] = {}
        self.works: dict[str, int] = {}
        self.codes: set[str] = set()
        self.rows: dict[str, list[tuple[Any, ...]]] = {"search_documents": [], "search_has": [], "search_text": []}
        self.tokens: dict[tuple[str, ...], dict[str, str]] = {}

    def add(self, number: int, row: sqlite3.Row, kinds: Sequence[sqlite3.Row]) -> None:
        codes = self._codes(row["language"])
        # Copies of one dataset are one work: they have one cluster, or one is the original of the other.
        root = row["copy_of"] or row["id"]
        work = self.works.get(row["cluster_id"] or root) or self.works.get(root) or number
        for name in (row["cluster_id"], root, row["id"]):
            if name:
                self.works.setdefault(name, work)
        folded = " ".join(fold(word) for word in words((row["title"] or row["identifier"] or row["id"])[:200]))[:80]
        self.rows["search_documents"].append(
            (number, row["id"], work, row["status"], row["first_seen_run"], letter_of(folded), folded)
        )
        for value in {self._value(*one) for one in _choices(row, kinds) if one[1]}:
            self.rows["search_has"].append((number, value))
        own = texts(row["keywords"])
        title = [self._text(row["title"], codes)]
        text = [self._text((row["description"] or "")[:TEXT_LIMIT], codes)]
        names = [self._text(name, codes) for name in (row["publisher"], *own)]
        names += [self._text(name, ()) for name in (row["identifier"], *texts(row["other_identifiers"]))]
        for code, said in _translations(row["translations"]):
            title.append(self._text(said.get("title"), code))
            text.append(self._text(str(said.get("description") or "")[:TEXT_LIMIT], code))
            names += [self._text(word, code) for word in _words_of(said.get("keywords"))]
        self.rows["search_text"].append((number, " ".join(title), " ".join(names), " ".join(text)))
        if len(self.rows["search_text"]) >= 1_000:
            self._write()

    def finish(self) -> None:
        self._write()
        self.copy.executemany(
            "insert into search_values (value, facet, name, label) values (?, ?, ?, ?)",
            [(value, facet, name, self.labels.get(value)) for (facet, name), value in self.values.items()],
        )
        self.copy.executemany(
            "insert into search_languages (code) values (?)", [(code,) for code in sorted(self.codes)]
        )
        self.copy.execute("create index search_documents_by_dataset on search_documents (dataset_id)")
        self.copy.execute("create index search_documents_by_seen on search_documents (seen)")
        self.copy.execute("create index search_documents_by_letter on search_documents (letter, sorted, number)")
        self.copy.execute("create index search_has_by_value on search_has (value, document)")
        self.copy.execute("create index search_values_by_name on search_values (facet, name)")
        self.copy.execute("insert into search_text (search_text) values ('optimize')")

    def _write(self) -> None:
        sql = {
            "search_documents": "insert into search_documents values (?, ?, ?, ?, ?, ?, ?)",
            "search_has": "insert into search_has values (?, ?)",
            "search_text": "insert into search_text (rowid, title, names, text) values (?, ?, ?, ?)",
        }
        for name, rows in self.rows.items():
            self.copy.executemany(sql[name], rows)
            rows.clear()

    def _value(self, facet: str, name: str | None, label: str | None = None) -> int:
        """Return the number of a value of a facet. ``label``: its name for readers, if it has one of its own."""
        value = self.values.setdefault((facet, name or ""), len(self.values) + 1)
        if label:
            self.labels[value] = label
        return value

    def _codes(self, declared: str | None) -> tuple[str, ...]:
        """Return the languages by which the words of a record are stemmed."""
        known = {code for said in texts(declared) if (code := language_code(said))}
        if not known:
            self.codes.update(interface_codes())
            return interface_codes()
        codes = tuple(sorted(known & STEMMERS.keys()))
        self.codes.update(codes)
        return codes

    def _text(self, text: object, codes: tuple[str, ...]) -> str:
        """Return the tokens of a text, with a blank between them: each word folded, then its stems."""
        if not text:
            return ""
        known = self.tokens.setdefault(codes, {})
        found = []
        for word in words(str(text)):
            tokens = known.get(word)
            if tokens is None:
                if is_unspaced(word):
                    tokens = " ".join(pairs(word))
                else:
                    tokens = " ".join([fold(word)[:LONGEST], *stem_tokens(word[:LONGEST], codes)])
                # A sentence without blanks does not come again.
                if len(word) <= LONGEST:
                    known[word] = tokens
            found.append(tokens)
        return " ".join(found)


def _choices(row: sqlite3.Row, kinds: Sequence[sqlite3.Row]) -> Iterator[tuple[str, ...] | tuple[str, None]]:
    """Yield each facet with a value that the dataset has, and the name of the value for readers where it has one."""
    yield "country", row["country"]
    yield "government", folder_name(row["government"] or ""), row["government"] or ""
    yield "portal", row["portal_id"], row["portal"] or ""
    if row["publisher_id"]:
        yield "publisher", row["publisher_id"], row["publisher"] or ""
    for said in texts(row["themes"]):
        if (found := theme(said)) is not None:
            yield "theme", found.id
    for kind in kinds:
        yield "format", kind["format"]
        yield "licence", kind["licence_id"]
    # A letter only where it is the same whatever the unknown may be.
    low, high = (grade(row[name]) for name in ("score_low", "score_high"))
    yield "grade", low if low == high and row["score"] is not None and low else "unknown"
    yield "state", row["status"]


def _translations(cell: str | None) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield the texts of a record in its other languages, each with the codes of its language that can be stemmed."""
    for tag, own in stored(cell, dict).items():
        if isinstance(own, dict):
            code = tag.partition("-")[0].lower()
            yield ((code,) if code in STEMMERS else ()), own


def _words_of(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
