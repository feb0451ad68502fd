"""The public file has what is listed as public, and nothing else: found by planting words in every column."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from catalog.db.schema import TABLES
from catalog.db.schema.public import PRIVATE_VIEWS, PUBLIC, is_free, is_public
from catalog.db.schema.views import VIEWS
from catalog.db.store import Catalog, CatalogError, open_catalog
from catalog.parquet.descriptor import Origin
from catalog.parquet.package import write_package
from catalog.parquet.records import records_table
from catalog.repositories.persons import ADDRESS, without_addresses
from catalog.site.cleaned import without_cells, without_private_fields
from catalog.site.mirror import write_mirror
from catalog.site.pages import SiteOptions, Visit, pages
from catalog.site.serve import is_current, publish
from specs.languages import language
from tests.catalog.browsing import OF_THE_SITE, RUN, Site, fill
from tests.making import put_findings

pytestmark = OF_THE_SITE

STORED = [name for name, table in TABLES.items() if not table.is_view]
OF_CONTACTS = {"publishers.email", "datasets.contact_email", "datasets.contact_name"}
"""Public columns that show only what is an office's or a body's."""
GRADES = {"dataset_quality.grade", "score_values.grade", "portals.grade"}
"""Public columns that are worked out from the score, and show no letter where too little was observed."""
CHANGED = {
    *OF_CONTACTS,
    *GRADES,
    "census.confirmed_by",
    "change_rows.fields",
    "table_reports.profile",
    "table_reports.defects",
}
"""Public columns that do not show the stored text as it is."""
APPROVED = {"replies.note", "replies.replied_by", "reports.what", "reports.who"}
STORED_IN = {table.stored_in: name for name, table in TABLES.items() if table.stored_in}
"""Tables whose columns are public under the name of a view."""


def mark(number: int) -> str:
    return f"zq{number:05}zq"


def columns_of(catalog: Catalog, table: str) -> list[tuple[str, str]]:
    return catalog.db.conn.execute("select name, type from pragma_table_info(?)", [table]).fetchall()


def plant(path: Path, *, approved: int, said: str = "") -> dict[str, str]:
    """Fill every column of every table with a word of its own; return the words of texts by "table.column".

    ``said``: what stands behind the word in public columns in which strangers may have written.
    """
    words: dict[str, str] = {}
    numbers = count(1)
    with open_catalog(path) as catalog, catalog.writing():
        run = catalog.db.conn.execute
        for table in STORED:
            values: dict[str, Any] = {}
            for column, kind in columns_of(catalog, table):
                if kind in ("INTEGER", "FLOAT"):
                    values[column] = 0 if column.startswith(("is_held", "is_truncated")) else 7
                    continue
                word = words[f"{table}.{column}"] = mark(next(numbers))
                shown, shown_column = public_name(f"{table}.{column}")
                spec = PUBLIC.get(shown, {}).get(shown_column) or TABLES[table].columns.get(column)
                is_json = spec is not None and spec.type in (list, dict)
                if said and is_public(shown, shown_column) and is_free(shown, shown_column):
                    word += said
                values[column] = json.dumps([{"k": word}]) if is_json else word
            if table in ("runs", "score_runs"):
                values["id"] = RUN
                words.pop(f"{table}.id")
            values |= {"is_text_approved": approved, "is_name_public": approved} if "is_name_public" in values else {}
            if table == "table_reports":
                values["defects"] = json.dumps([{"rule": words["table_reports.defects"]}])
            if table == "held_findings":
                values["finding"] = 8
            if table == "withholdings":
                # What is lifted is not shown.
                values["lifted_at"] = None
                words.pop("withholdings.lifted_at")
            if table == "sent":
                values["channel"] = "mail"
                words.pop("sent.channel")
            names, marks = ", ".join(f"[{name}]" for name in values), ", ".join("?" for _ in values)
            run(f"insert into [{table}] ({names}) values ({marks})", list(values.values()))  # noqa: S608
    return words


def public_name(name: str) -> tuple[str, str]:
    table, _, column = name.partition(".")
    return (STORED_IN.get(table, table), column) if not is_public(table, column) else (table, column)


@pytest.mark.parametrize("approved", [0, 1])
def test_of_every_column_of_every_table_only_the_listed_ones_are_in_the_file(tmp_path: Path, approved: int) -> None:
    words = plant(tmp_path / "catalog.db", approved=approved)
    assert {name.partition(".")[0] for name in words} >= set(STORED) - {
        *("measured_distributions", "cause_members", "score_rows", "finding_runs", "score_runs"),
    }
    publish(tmp_path / "catalog.db", tmp_path / "site" / "catalog.db")
    content = (tmp_path / "site" / "catalog.db").read_bytes()
    found = {name for name, word in words.items() if word.encode() in content}
    listed = {name for name in words if is_public(*public_name(name))} - CHANGED - (set() if approved else APPROVED)
    # The id of a letter ends with the hash of an address: another stands in its place.
    listed -= {"sent.id"}
    assert found - {"table_reports.defects"} == listed
    assert {"portals.contact_email", "records.raw", "sent.recipient_hash", "runs.command", "publishers.email"} <= (
        words.keys() - found
    )
    with closing(sqlite3.connect(tmp_path / "site" / "catalog.db")) as public:
        for name, columns in PUBLIC.items():
            assert [row[1] for row in public.execute(f"pragma table_info([{name}])")] == list(columns)
            assert public.execute(f"select count(*) from [{name}]").fetchone()[0] == 1, name  # noqa: S608
        for name in VIEWS.keys() - PRIVATE_VIEWS:
            public.execute(f"select * from [{name}]").fetchall()  # noqa: S608
        # Nothing was there that has gone again.
        assert public.execute("pragma freelist_count").fetchone() == (0,)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A public file made from a catalogue with a word in every private column, and these words."""
    folder = tmp_path_factory.mktemp("planted")
    words: list[str] = []
    with open_catalog(folder / "catalog.db") as catalog:
        fill(catalog)
        with catalog.writing():
            run = catalog.db.conn.execute
            # Texts that many rows share are public where the columns are that refer to them.
            for table in set(STORED) - {"shared_texts"}:
                for column, kind in columns_of(catalog, table):
                    name, is_key = public_name(f"{table}.{column}"), column in (TABLES[table].pk, "is_held")
                    is_shown = is_public(*name) and f"{table}.{column}" not in OF_CONTACTS
                    if is_shown or is_key or kind in ("INTEGER", "FLOAT"):
                        continue
                    words.append(mark(90_000 + len(words)))
                    word = json.dumps({"notes": words[-1]}) if column in ("raw", "portal_file") else words[-1]
                    run(f"update [{table}] set [{column}] = ?", [word])  # noqa: S608
    assert len(words) > 40
    publish(folder / "catalog.db", folder / "public" / "catalog.db")
    return folder / "public" / "catalog.db", words


def answers(db: Path) -> Iterator[tuple[str, bytes]]:
    """Ask for all pages, tables and files of the site."""
    with closing(Site(db)) as site:
        paths = ["/", "/catalog", "/catalog.json", "/robots.txt"]
        paths += [f"/catalog/{name}.csv" for name in {*PUBLIC, *VIEWS, "dataset_list"}]
        for name in ("portals", "datasets", "harvests", "findings", "records", "changes"):
            paths += [f"/catalog/{name}", f"/catalog/{name}.json?_shape=array"]
        with closing(sqlite3.connect(db)) as conn:
            conn.row_factory = sqlite3.Row
            for page in pages():
                names = [*page.all_names(Visit(conn, language("en"), SiteOptions()))][:20]
                paths += [path for name in names for path in (page.path(name), page.path(name) + ".json")]
        for path in paths:
            yield path, site.get(path).content


def test_no_private_word_is_in_a_page_a_feed_a_csv_or_the_mirror(
    planted: tuple[Path, list[str]], tmp_path: Path
) -> None:
    db, words = planted
    kinds = set()
    for path, content in answers(db):
        kinds.add(path.rpartition(".")[2] if "." in path else "")
        assert not [word for word in words if word.encode() in content], path
    assert {"", "csv"} <= kinds
    assert write_mirror(db, tmp_path, SiteOptions(), ["en"])
    for file in tmp_path.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert not [word for word in words if word.encode() in content], file


def test_no_private_word_is_in_the_parquet_package(planted: tuple[Path, list[str]], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    db, words = planted
    with open_catalog(db.parents[1] / "catalog.db") as catalog:
        # Its records are no longer JSON, but for a field that is nobody's.
        write_package(db, tmp_path, Origin("urn:uuid:1"), [records_table(catalog, db)])
    raw = raw_words(db.parents[1] / "catalog.db")
    secret = {*words} - {word for word in words if f'"notes": "{word}"' in raw}
    for file in tmp_path.rglob("*"):
        if file.is_file():
            told = (
                repr(pq.ParquetFile(file).read().to_pylist()) if file.suffix == ".parquet" else file.read_text("utf-8")
            )
            assert not [word for word in secret if word in told], file


def raw_words(db: Path) -> str:
    with closing(sqlite3.connect(db)) as opened:
        return " ".join(str(raw) for (raw,) in opened.execute("select raw from records"))


def test_a_new_column_is_private_until_it_is_listed() -> None:
    assert not is_public("datasets", "invented") and not is_public("invented", "id") and not is_public("answers", "id")
    assert is_public("open_findings", "state") and is_public("present_datasets", "title")
    assert not is_public("present_datasets", "contradictions")
    for name, columns in PUBLIC.items():
        assert TABLES[name].pk in columns, name
    assert is_free("datasets", "licence") and not is_free("datasets", "portal_id")


def test_addresses_of_persons_in_texts_are_not_public(tmp_path: Path) -> None:
    path, public = tmp_path / "catalog.db", tmp_path / "site" / "catalog.db"
    said = "Ask jane.doe+open@data.example.org, or see https://example.org/@news"
    with open_catalog(path) as catalog, catalog.writing():
        catalog.upsert("datasets", [{"id": "d", "description": said, "keywords": '["x@y.example"]'}])
    publish(path, public)
    with closing(sqlite3.connect(public)) as copy:
        row = copy.execute("select description, keywords from datasets").fetchone()
    assert row == (f"Ask {ADDRESS}, or see https://example.org/@news", f'["{ADDRESS}"]')


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("title", ("title", "a", "b")),
        ("resources[3f].url", ("resources[3f].url", "a", "b")),
        ("maintainer_email", ("maintainer_email", None, None)),
        ("contacts[Jane Doe].title", ("contacts", None, None)),
        ("extras[x@y.example].title", ("extras", None, None)),
        ("record", ("record", None, None)),
        ("12 more fields", ("12 more fields", None, None)),
    ],
)
def test_old_and_new_values_are_public_where_a_field_describes_data(field: str, shown: tuple[str, ...]) -> None:
    (one,) = json.loads(without_private_fields(json.dumps([{"field": field, "old": "a", "new": "b"}])) or "")
    assert (one["field"], one["old"], one["new"]) == shown
    assert without_private_fields("no list") == "[]" and without_private_fields(None) is None


def test_a_profile_shows_ranges_of_many_values_and_nothing_that_stands_in_a_cell() -> None:
    column = {"name": "a", "kind": "integer", "filled": 20, "hash": "h", "frequent": [["Aa", 3]], "ends": ["x"]}
    text = json.dumps(
        {
            "row_count": 20,
            "columns": [
                column | {"distinct": 20, "minimum": 3, "maximum": 12_300},
                column | {"distinct": 9, "minimum": 12_300, "maximum": 45_600},
                column | {"distinct": 10, "minimum": "2020-01", "maximum": "2021-12"},
                column | {"distinct": 20, "minimum": 1234, "maximum": 2871},
            ],
        }
    )
    ends = [(one["minimum"], one["maximum"]) for one in json.loads(without_cells(text) or "")["columns"]]
    assert ends == [(None, 12_300), (None, None), ("2020-01", "2021-12"), (None, None)]
    assert not [word for word in ("hash", "frequent", "ends") if word in (without_cells(text) or "")]
    assert without_cells("[") is None and without_cells("[]") is None and without_cells(None) is None


def test_defects_of_findings_that_are_held_back_are_not_public(tmp_path: Path) -> None:
    path, public = tmp_path / "catalog.db", tmp_path / "site" / "catalog.db"
    of = {"dataset_id": "d", "distribution_id": "f", "portal_id": "p", "severity": "info", "state": "new"}
    defects = [{"rule": rule, "field": name} for rule, name in [("personal_email", "a"), ("empty_column", "b")]]
    with open_catalog(path) as catalog, catalog.writing():
        catalog.upsert("portals", [{"id": "p"}])
        catalog.upsert("runs", [{"id": RUN}])
        catalog.upsert("datasets", [{"id": "d", "portal_id": "p"}])
        catalog.upsert("distributions", [{"id": "f", "dataset_id": "d", "portal_id": "p"}])
        catalog.upsert("dataset_quality", [{"dataset_id": "d", "portal_id": "p", "findings": 2}])
        catalog.upsert("table_reports", [{"distribution_id": "f", "defects": json.dumps(defects)}])
        rows = [
            of | {"id": f"{n:020x}", "rule_id": x["rule"], "field": f"{x['rule']}: {x['field']}"}
            for n, x in enumerate(defects)
        ]
        put_findings(catalog, rows)
    publish(path, public)
    with closing(sqlite3.connect(public)) as copy:
        assert copy.execute("select rule_id from findings").fetchall() == [("empty_column",)]
        assert json.loads(copy.execute("select defects from table_reports").fetchone()[0]) == defects[1:]
        assert copy.execute("select findings from dataset_quality").fetchone() == (1,)


def test_a_file_with_more_than_what_is_public_is_made_again(tmp_path: Path) -> None:
    path, public = tmp_path / "catalog.db", tmp_path / "site" / "catalog.db"
    with open_catalog(path):
        pass
    publish(path, public)
    assert is_current(public)
    for change in ("alter table runs add column command text", "create table people (name text)"):
        publish(path, public)
        with closing(sqlite3.connect(public)) as copy:
            copy.execute(change)
        assert not is_current(public)
    with pytest.raises(CatalogError, match="public file"):
        publish(public, tmp_path / "other" / "catalog.db")


WHEN = "2026-11-24T00:10:00Z"
SAID = "\njane.doe@private.example, jane (at) private.example or https://x.example/?to=jane.doe%40private.example"
"""E-mail addresses in all spellings; the first stands behind an escape where it is in JSON."""


def test_no_public_column_of_texts_lets_an_e_mail_address_out(tmp_path: Path) -> None:
    """A stranger may write one into any text of a record: also where an address or a licence is expected."""
    plant(tmp_path / "catalog.db", approved=1, said=SAID)
    publish(tmp_path / "catalog.db", tmp_path / "public" / "catalog.db")
    assert b"private.example" not in (tmp_path / "public" / "catalog.db").read_bytes()
    with closing(sqlite3.connect(tmp_path / "public" / "catalog.db")) as public:
        for name, columns in PUBLIC.items():
            for column in [column for column, spec in columns.items() if spec.type in (list, dict)]:
                for (text,) in public.execute(f"select [{column}] from [{name}] where [{column}] is not null"):  # noqa: S608
                    try:
                        json.loads(text)
                    except ValueError:
                        pytest.fail(f"{name}.{column}: {text}")


def test_addresses_in_texts_that_many_rows_share_are_not_public(tmp_path: Path) -> None:
    path, public = tmp_path / "catalog.db", tmp_path / "public" / "catalog.db"
    with open_catalog(path) as catalog, catalog.writing():
        catalog.upsert("portals", [{"id": "p"}])
        catalog.upsert("datasets", [{"id": "d", "portal_id": "p"}])
        catalog.upsert(
            "distributions",
            [{"id": f"f{n}", "dataset_id": "d", "portal_id": "p", "licence": f"x {SAID}"} for n in (1, 2)],
        )
        to = "https://x.example/?to=jane.doe@private.example"
        catalog.upsert(
            "resource_checks", [{"url": to, "final_url": to, "outcome": "ok", "content_type": SAID, "checked_at": WHEN}]
        )
    publish(path, public)
    assert b"private.example" not in public.read_bytes()
    with closing(sqlite3.connect(public)) as copy:
        told = copy.execute("select url, final_url from resource_checks").fetchall()
    assert told == [(f"https://x.example/?to={ADDRESS}",) * 2]


def test_of_addresses_that_differ_only_in_an_e_mail_address_no_check_is_shown(tmp_path: Path) -> None:
    """The file of one would seem broken because that of the other is."""
    path, public = tmp_path / "catalog.db", tmp_path / "public" / "catalog.db"
    urls = [f"https://x.example/?to={one}" for one in ("a@b.example", "c@d.example", ADDRESS, "e")]
    with open_catalog(path) as catalog, catalog.writing():
        catalog.upsert("resource_checks", [{"url": url, "outcome": "broken", "checked_at": WHEN} for url in urls])
    publish(path, public)
    with closing(sqlite3.connect(public)) as copy:
        assert copy.execute("select url from resource_checks").fetchall() == [("https://x.example/?to=e",)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mailto:a@b.example%2Cjane@d.example", f"mailto:{ADDRESS}{ADDRESS}"),
        ("jane(at)b.example, jane [AT] b.example", f"{ADDRESS}, {ADDRESS}"),
        ("jane%2540b.example", ADDRESS),
        ("https://x.example/@news.html and 3 @ 4.5", "https://x.example/@news.html and 3 @ 4.5"),
    ],
)
def test_e_mail_addresses_are_found_in_their_spellings(text: str, shown: str) -> None:
    assert without_addresses(text) == shown


def test_a_long_text_without_spaces_is_read_once() -> None:
    # A pattern that tries each place as a beginning would take a quarter of an hour.
    text = "a" * 200_000 + " @"
    assert without_addresses(text) == text
