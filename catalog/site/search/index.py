"""Build the search index of the public file: one full-text table, and what each dataset can be chosen by.

The full-text table holds no text of its own, only tokens (:mod:`catalog.site.search.words`); the texts are shown from
``datasets``. Documents are numbered from the best to the worst, so that of very many hits the best can be read first.
The number of a document follows from its dataset alone, so that a change of one dataset renumbers no other.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from catalog.db.schema.views import is_current
from catalog.exports.folders import folder_name
from catalog.site.search.words import LONGEST, STEMMERS, fold, is_unspaced, pairs, stem_tokens, words
from catalog.site.stored_json import stored, texts
from catalog.vocabulary.terms import language_code, theme
from specs.languages import languages
from specs.metrics import grade

__all__ = [
    "FACETS",
    "NAMES",
    "TEXT_LIMIT",
    "add_to_search",
    "build_search_index",
    "interface_codes",
    "letter_of",
    "remove_from_search",
]

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
_PLACES = 1 << 26
"""Documents that can have the same standing: more than any catalogue has."""
# The standing is that of what was observed, in tenths of a point, see the module.
_STATE = "case d.status when 'missing' then 1 when 'retired' then 2 else 0 end"
_SCORE = "iif(q.score_low is null, 1001, 1000 - cast(round(q.score_low * 10) as integer))"
_NUMBER = f"((({_STATE}) * 2 + (d.copy_of is not null)) * 1002 + {_SCORE}) * {_PLACES} + d.rowid"
_DATASETS = f"""
select {_NUMBER} as number, d.id, d.portal_id, d.title, d.description, d.identifier, d.keywords, d.themes, d.language,
       d.translations, d.other_identifiers, d.status, d.first_seen_run, d.publisher_id, b.name as publisher,
       p.country, coalesce(nullif(p.title, ''), p.id) as portal, coalesce(nullif(p.government, ''), p.title, p.id) as
       government, q.score, q.score_low, q.score_high
from {{of}}datasets d left join {{of}}publishers b on b.id = d.publisher_id
left join {{of}}portals p on p.id = d.portal_id left join {{of}}dataset_quality q on q.dataset_id = d.id"""  # noqa: S608
_SOME = " where d.id in (select value from json_each(?))"
_KINDS = f"""
select distinct k.licence_id, coalesce(k.format_served, k.format_declared) as format
from distributions d join keys x on x.id = d.id join measured_distributions m on m.distribution_key = x.key
join distribution_kinds k on k.key = m.kind where d.dataset_id = ? and {is_current()}"""  # noqa: S608  # SQL of ours
_COPIES = """
select s.number, d.id, d.cluster_id, d.copy_of from search_documents s join datasets d on d.id = s.dataset_id
where d.cluster_id is not null or d.copy_of is not null
  or d.id in (select copy_of from datasets where copy_of is not null)
order by s.number"""
# A value of these facets has its name for readers from a row elsewhere. Names that share a value: the first is shown.
_LABELS = {
    "government": "select name, name from (select coalesce(nullif(government, ''), title, id) as name from portals)",
    "portal": "select id, coalesce(nullif(title, ''), id) from portals",
    "publisher": "select id, name from publishers",
}


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
    _Writer(copy).write(_DATASETS.format(of="") + " order by number")
    copy.execute("create index search_documents_by_dataset on search_documents (dataset_id)")
    copy.execute("create index search_documents_by_seen on search_documents (seen)")
    copy.execute("create index search_documents_by_letter on search_documents (letter, sorted, number)")
    copy.execute("create index search_has_by_value on search_has (value, document)")
    copy.execute("create index search_values_by_name on search_values (facet, name)")
    copy.execute("insert into search_text (search_text) values ('optimize')")
    _finish(copy)


def remove_from_search(copy: sqlite3.Connection, datasets: Collection[str], schema: str) -> None:
    """Take datasets out of the search index of a public copy, before their rows in its other tables change.

    ``copy``: connection to which the copy is attached under the name ``schema``. ``datasets``: ids; those that are not
    in the index are skipped. The index must have been built by this version of the program from the rows that the
    copy has: the full-text table forgets a text only if it is told the very same tokens. They may stay in unused
    parts of the file until the index is built anew.
    """
    listed, of = json.dumps(sorted(datasets)), f"{schema}."
    sql = "insert into {of}search_text (search_text, rowid, title, names, text) values ('delete', ?, ?, ?, ?)"
    tokens = _Tokens()
    rows = copy.cursor()
    rows.row_factory = sqlite3.Row
    for row in rows.execute(_DATASETS.format(of=of) + _SOME, [listed]):
        copy.execute(sql.format(of=of), (row["number"], *tokens.of(row)))
        copy.execute(f"delete from {of}search_has where document = ?", [row["number"]])  # noqa: S608  # see above
        copy.execute(f"delete from {of}search_documents where number = ?", [row["number"]])  # noqa: S608  # see above


def add_to_search(copy: sqlite3.Connection, datasets: Collection[str]) -> None:
    """Add datasets to the search index of a public copy, after :func:`remove_from_search` and after their rows have
    changed.

    ``copy``: connection in which names without a schema are those of the copy. ``datasets``: ids; those that the copy
    does not have (any more) are skipped. Then the index says what one that is built anew would say.
    """
    _Writer(copy).write(_DATASETS.format(of="") + _SOME + " order by number", [json.dumps(sorted(datasets))])
    _finish(copy)


def _finish(copy: sqlite3.Connection) -> None:
    """Write what depends on more than one dataset: which are one work, the names of values, the languages."""
    works: dict[str, int] = {}
    # Copies of one dataset are one work: they have one cluster, or one is the original of the other.
    wanted = {number: number for (number,) in copy.execute("select number from search_documents where work != number")}
    for number, id, cluster, original in copy.execute(_COPIES):
        root = original or id
        work = works.get(cluster or root) or works.get(root) or number
        for name in (cluster, root, id):
            if name:
                works.setdefault(name, work)
        wanted[number] = work
    copy.executemany("update search_documents set work = ?2 where number = ?1 and work != ?2", wanted.items())
    copy.execute("delete from search_values as v where not exists (select 1 from search_has h where h.value = v.value)")
    for facet, sql in _LABELS.items():
        labels: dict[str, str] = {}
        for key, label in sorted(copy.execute(sql).fetchall(), key=lambda one: one[1] or ""):
            labels.setdefault(folder_name(key or "") if facet == "government" else key, label or "")
        values = copy.execute("select value, name, label from search_values where facet = ?", [facet]).fetchall()
        wanted_labels = [(labels.get(name) or None, value, label) for value, name, label in values]
        copy.executemany(
            "update search_values set label = ? where value = ?",
            [(label, value) for label, value, before in wanted_labels if label != before],
        )
    codes: set[str] = set()
    for (declared,) in copy.execute("select distinct language from datasets"):
        codes.update(_codes(declared))
    copy.execute("delete from search_languages")
    copy.executemany("insert into search_languages (code) values (?)", [(code,) for code in sorted(codes)])


def _codes(declared: str | None) -> tuple[str, ...]:
    """Return the languages by which the words of a record are stemmed; ``declared``: JSON list of those it declares."""
    known = {code for said in texts(declared) if (code := language_code(said))}
    return tuple(sorted(known & STEMMERS.keys())) if known else interface_codes()


class _Tokens:
    """Makes the tokens of datasets, and remembers those of words."""

    def __init__(self) -> None:
        self.tokens: dict[tuple[str, ...], dict[str, str]] = {}

    def of(self, row: sqlite3.Row) -> tuple[str, str, str]:
        """Return the tokens of title, names and text of a dataset."""
        codes = _codes(row["language"])
        title = [self._text(row["title"], codes)]
        text = [self._text((row["description"] or "")[:TEXT_LIMIT], codes)]
        names = [self._text(name, codes) for name in (row["publisher"], *texts(row["keywords"]))]
        names += [self._text(name, ()) for name in (row["identifier"], *texts(row["other_identifiers"]))]
        for code, said in _translations(row["translations"]):
            title.append(self._text(said.get("title"), code))
            text.append(self._text(str(said.get("description") or "")[:TEXT_LIMIT], code))
            names += [self._text(word, code) for word in _words_of(said.get("keywords"))]
        return " ".join(title), " ".join(names), " ".join(text)

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


class _Writer:
    """Collects rows of the index, so that each table is written in few statements."""

    def __init__(self, copy: sqlite3.Connection) -> None:
        self.copy = copy
        self.values: dict[tuple[str, str], int] = {
            (facet, name): value for value, facet, name in copy.execute("select value, facet, name from search_values")
        }
        self.known = len(self.values)
        self.last = max(self.values.values(), default=0)
        self.rows: dict[str, list[tuple[Any, ...]]] = {"search_documents": [], "search_has": [], "search_text": []}
        self.tokens = _Tokens()

    def write(self, sql: str, params: Sequence[object] = ()) -> None:
        """Index the datasets that a query returns, one at a time: the texts of a large catalogue do not fit into
        memory."""
        datasets, kinds = self.copy.cursor(), self.copy.cursor()
        datasets.row_factory = kinds.row_factory = sqlite3.Row
        for row in datasets.execute(sql, params):
            self._add(row, kinds.execute(_KINDS, (row["id"],)).fetchall())
            if len(self.rows["search_text"]) >= 1_000:
                self._write()
        self._write()
        new = list(self.values.items())[self.known :]
        self.copy.executemany(
            "insert into search_values (value, facet, name) values (?, ?, ?)",
            [(value, facet, name) for (facet, name), value in new],
        )

    def _add(self, row: sqlite3.Row, kinds: Sequence[sqlite3.Row]) -> None:
        number = row["number"]
        folded = " ".join(fold(word) for word in words((row["title"] or row["identifier"] or row["id"])[:200]))[:80]
        self.rows["search_documents"].append(
            (number, row["id"], number, row["status"], row["first_seen_run"], letter_of(folded), folded)
        )
        for value in {self._value(facet, name) for facet, name in _choices(row, kinds) if name}:
            self.rows["search_has"].append((number, value))
        self.rows["search_text"].append((number, *self.tokens.of(row)))

    def _write(self) -> None:
        sql = {
            "search_documents": "insert into search_documents values (?, ?, ?, ?, ?, ?, ?)",
            "search_has": "insert into search_has values (?, ?)",
            "search_text": "insert into search_text (rowid, title, names, text) values (?, ?, ?, ?)",
        }
        for name, rows in self.rows.items():
            self.copy.executemany(sql[name], rows)
            rows.clear()

    def _value(self, facet: str, name: str) -> int:
        """Return the number of a value of a facet."""
        value = self.values.get((facet, name))
        if value is None:
            self.last += 1
            value = self.values[facet, name] = self.last
        return value


def _choices(row: sqlite3.Row, kinds: Sequence[sqlite3.Row]) -> Iterator[tuple[str, str | None]]:
    """Yield each facet with a value that the dataset has."""
    yield "country", row["country"]
    yield "government", folder_name(row["government"] or "")
    yield "portal", row["portal_id"]
    yield "publisher", row["publisher_id"]
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
