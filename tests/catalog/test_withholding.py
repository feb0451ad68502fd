"""The content of a withheld dataset is nowhere: found by planting words in all that the catalogue says of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.db.schema import TABLES
from catalog.db.schema.public import PUBLIC
from catalog.db.schema.views import VIEWS
from catalog.db.store import Catalog, open_catalog
from catalog.exports import ExportOptions, export_all
from catalog.repositories.sent import letters
from catalog.repositories.shareable import copy_shareable
from catalog.repositories.withholding import dataset_of, lift, withhold, withholdings
from catalog.site.mirror import write_mirror
from catalog.site.pages import SiteOptions, Visit, pages
from catalog.site.serve import publish
from specs.languages import language
from tests.catalog.browsing import EVIL, OF_THE_SITE, RUN, Site, fill
from tests.making import put_findings

pytestmark = OF_THE_SITE

GONE, FILES = "north-0", ("north-d0", "north-d1", "north-d9")
REASON = "A court forbade it"
_OURS = frozenset(
    """id key status state state_before kind type verdict grade outcome availability columns columns_before candidates
    lifted_at http_status standard is_retired basis reply defects profile family content""".split()  # noqa: SIM905
)
"""Columns of words of ours, or of a form of their own."""


def plant(catalog: Catalog) -> list[str]:
    """Write a word of its own into every text that the catalogue has about GONE, and return the words."""
    words: list[str] = []
    run = catalog.db.conn.execute

    def word() -> str:
        words.append(f"zq{len(words):05}zq")
        return words[-1]

    ids = ", ".join(f"'{one}'" for one in FILES)
    for name, spec in TABLES.items():
        if name in ("findings", "dataset_quality", "withholdings") or name.endswith("_rows"):
            continue
        where = f"distribution_id in ({ids})" if "distribution_id" in spec.columns else ""
        where = f"dataset_id = '{GONE}'" if "dataset_id" in spec.columns else where
        where = f"id = '{GONE}'" if name == "datasets" else where
        for column, about in spec.columns.items() if where else ():
            if column in _OURS or about.references or column.endswith("_id") or about.type not in (str, list, dict):
                continue
            if column.endswith(("_run", "_at", "_on", "_url")) or (name, column) == ("corrections", "reason"):
                continue
            one: Any = word()
            if about.type in (list, dict):
                one = json.dumps([one] if about.type is list else {"fr": {"title": one}})
            if name == "changes":
                one = json.dumps([{"field": "title", "old": words[-1], "new": f"https://{word()}.example/before.csv"}])
            run(f"update [{name}] set [{column}] = ? where {where}", [one])  # noqa: S608
    for file in FILES[:2]:
        url = f"https://{word()}.example/x.csv"
        for column in ("download_url", "access_url"):
            run(f"update distributions set {column} = ? where id = ?", [url, file])  # noqa: S608
        checked = {
            "url": url,
            "outcome": "broken",
            "detail": word(),
            "status": 404,
            "checked_at": "2026-11-24T00:10:00Z",
        }
        catalog.upsert("resource_checks", [checked | {"run_id": RUN, "final_url": f"https://{word()}.example/y.csv"}])
    about = {"portal_id": "north", "publisher_id": "north-p", "dataset_id": GONE, "distribution_id": FILES[0]}
    texts = ("observed", "resource_url", "field", "how_to_fix", "rule_title", "format_declared", "exchange")
    seen = {"first_seen_run": RUN, "last_seen_run": RUN, "severity": "error"}
    found = [
        about | seen | {"id": f"{n:020x}", "state": state, "rule_id": rule} | {name: word() for name in texts}
        for n, (state, rule) in enumerate([("new", "link_ok"), ("fixed", "title_present"), ("open", "personal_email")])
    ]
    put_findings(catalog, [one | {"fixed_run": RUN if one["state"] == "fixed" else None} for one in found])
    catalog.upsert("changes", [{"id": f"{RUN}/{GONE}/c", "run_id": RUN, "portal_id": "north", "dataset_id": GONE}])
    named = {"finding_id": found[0]["id"], "title": word(), "url": f"https://{word()}.example/e.csv"}
    # One cause has only findings of the dataset, the other has more.
    run("update causes set root_name = ?, how_to_fix = ?", [word(), word()])
    more = {"id": "cause-2", "number": 2, "portal_id": "north", "rule_id": "link_ok", "state": "open"}
    more |= {"first_seen_run": RUN, "last_seen_run": RUN, "entity_level": "publisher", "entity_id": "north-p"}
    other = {"id": "f" * 20, "portal_id": "north", "dataset_id": "north-1", "rule_id": "link_ok", "state": "open"}
    put_findings(catalog, [other | seen])
    catalog.upsert(
        "causes", [more | {"examples": json.dumps([named, {"finding_id": "f" * 20, "title": "t", "url": ""}])}]
    )
    keys = dict(run("select id, key from findings").fetchall())
    members = [(found[2]["id"], 1), (found[0]["id"], 2), ("f" * 20, 2)]
    catalog.upsert("cause_members", [{"finding": keys[key], "cause": cause} for key, cause in members])
    catalog.upsert(
        "replies",
        [
            {
                "id": "rc",
                "finding_id": "cause-1",
                "reply": "disputed",
                "note": word(),
                "number": 9,
                "is_text_approved": 1,
            }
        ],
    )
    fix = {"id": "fc", "run_id": RUN, "entity_level": "government", "entity_id": EVIL, "rank": 0, "is_large": 1}
    fix |= {"cause_id": "cause-1", "rule_id": "link_ok", "effort_hours": 1.0, "gain_points": 2.0, "datasets": 1}
    catalog.upsert("top_fixes", [fix | {"how_to_fix": word()}])
    identifier = catalog.value("select identifier from datasets where id = ?", [GONE])
    catalog.upsert(
        "harvest_errors",
        [{"id": "e1", "run_id": RUN, "portal_id": "north", "kind": "k", "record_id": identifier, "message": word()}],
    )
    run("update portals set contact_email = 'data@north.example' where id = 'north'")
    return words


def words_in(content: bytes, words: list[str]) -> list[str]:
    return [word for word in words if word.encode() in content]


def of_folder(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            if file.suffix == ".gz":
                import gzip

                content = gzip.decompress(content)
            if file.suffix == ".xlsx":
                import zipfile

                with zipfile.ZipFile(file) as book:
                    content = b"".join(book.read(name) for name in book.namelist())
            yield file, content


class Made:
    """A data folder with all that is made of the catalogue, before and after GONE is withheld."""

    def __init__(self, data: Path) -> None:
        self.data, self.db, self.public = data, data / "catalog.db", data / "site" / "catalog.db"
        with open_catalog(self.db) as catalog, catalog.writing():
            fill(catalog)
            self.words = plant(catalog)
        self.before = self.make()
        with open_catalog(self.db) as catalog:
            assert withhold(catalog, GONE, reason=REASON, by="me@private.example")
        self.after = self.make()

    def make(self) -> dict[str, dict[str, list[str]]]:
        """Make everything; return, by what it is and by name, the words that are found."""
        options = ExportOptions(has_books=True)
        with open_catalog(self.db) as catalog:
            export_all(catalog, RUN, self.data / "exports", options)
            export_all(catalog, RUN, self.data / "first", ExportOptions(schema=1))
            sent = [repr(one) for channel in ("mail", "webhook") for one in letters(
                catalog, RUN, channel, {EVIL: ["https://hook.example/"]}, has_publishers=True)]  # fmt: skip
        publish(self.db, self.public)
        write_mirror(self.public, self.data / "mirror", SiteOptions(), ["en"])
        copy_shareable(self.db, self.data / "copy.db")
        with closing(sqlite3.connect(self.data / "copy.db")) as copy:
            told = copy.execute("select count(*) from datasets").fetchone()
            assert told[0] > 3
        found = {"letters": {"": words_in("".join(sent).encode(), self.words)}}
        for part in ("exports", "first", "mirror", "site", "private"):
            folder = self.data / part
            found[part] = {str(file): words_in(content, self.words) for file, content in of_folder(folder)}
        found["copy"] = {"": words_in((self.data / "copy.db").read_bytes(), self.words)}
        (self.data / "copy.db").unlink()
        return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("withheld"))


def test_nothing_that_is_made_of_the_catalogue_has_a_word_of_it(made: Made) -> None:
    """Before, each has some: else the test would look in the wrong place."""
    assert len(made.words) > 60
    for part, found in made.before.items():
        assert any(found.values()), part
    left = {name: words for part in made.after.values() for name, words in part.items() if words}
    assert not left, "\n".join(f"{k}: {v}" for k, v in left.items())


def test_what_is_left_is_a_page_with_day_and_reason_to_which_its_ids_lead(made: Made) -> None:
    with closing(Site(made.public)) as site:
        page = site.page(f"/dataset/{GONE}")
        assert REASON in page and "noindex" in page and site.page(f"/es/dataset/{GONE}") != page
        told = site.get(f"/dataset/{GONE}.json").json()["withheld"]
        assert (told["id"], told["portal_id"], told["reason"]) == (GONE, "north", REASON) and told["withheld_at"]
        assert REASON in site.page("/dataset/north-other") and site.get(f"/dataset/{GONE}~2").status_code == 404
        for path in (f"/file/{FILES[0]}", f"/finding/{0:020x}", "/finding/f-late", f"/catalog/datasets/{GONE}"):
            assert site.get(path).headers["location"] == f"/dataset/{GONE}", path
        moved = site.get(f"/catalog/datasets/{GONE}.json").headers["location"]
        assert moved == f"/dataset/{GONE}.json"
        assert f"/dataset/{GONE}" in site.get("/changes.xml").text and REASON not in site.get("/changes.xml").text
        assert site.get(f"/dataset/{GONE}.ttl").status_code == 410
        vanished = site.page("/vanished")
        assert REASON in vanished and f"/dataset/{GONE}" in vanished
        for path in ("/portal/north", "/publisher/north-p"):
            assert "1 of the datasets is withheld" in site.page(path), path
        assert b"private.example" not in made.public.read_bytes()


def test_no_page_table_or_feed_of_the_site_has_a_word_of_it(made: Made) -> None:
    with closing(sqlite3.connect(made.public)) as conn, closing(Site(made.public)) as site:
        conn.row_factory = sqlite3.Row
        paths = [f"/catalog/{name}.csv" for name in {*PUBLIC, *VIEWS, "dataset_list"} - {"answers"}]
        for page in pages():
            if not page.is_mirrored:
                names = [*page.all_names(Visit(conn, language("en"), SiteOptions()))][:20]
                paths += [path for name in names for path in (page.path(name), f"{page.path(name)}.json")]
        for path in [*paths, "/search?q=zq00001zq", "/search?q=north", f"/report?about={GONE}"]:
            response = site.get(path)
            assert response.status_code in (200, 302, 404), (path, response.status_code)
            assert not [word for word in words_in(response.content, made.words) if word not in path], path


def test_figures_of_those_who_published_it_stay(tmp_path: Path) -> None:
    def figures() -> tuple[list[Any], list[Any]]:
        publish(tmp_path / "catalog.db", tmp_path / "site" / "catalog.db")
        with closing(sqlite3.connect(tmp_path / "site" / "catalog.db")) as public:
            same = "kind, id, datasets, score, score_low, grade_best, findable, accessible, open, usable, sound, rank"
            rows = public.execute(f"select {same} from site_entities order by 1, 2").fetchall()  # noqa: S608
            rows += public.execute("select value from site_figures where name = 'datasets'").fetchall()
            return rows, public.execute("select run_id, entity_id, score from score_history order by 1, 2").fetchall()

    with open_catalog(tmp_path / "catalog.db") as catalog:
        fill(catalog)
    before = figures()
    # A file of an earlier night has the content.
    (tmp_path / "site" / "former").mkdir()
    (former := tmp_path / "site" / "former" / "20261123T000000Z.db").write_bytes(b"")
    with open_catalog(tmp_path / "catalog.db") as catalog:
        assert withhold(catalog, GONE, reason=REASON, by="me") and not withhold(catalog, GONE, reason="x", by="me")
    assert figures() == before and not former.exists()
    with open_catalog(tmp_path / "catalog.db") as catalog:
        assert lift(catalog, GONE, by="me") and not lift(catalog, GONE, by="me")
        (row,) = withholdings(catalog)
        assert row["lifted_at"] and row["lifted_by"] == "me" and row["title"]
    assert figures() == before
    with closing(sqlite3.connect(tmp_path / "site" / "catalog.db")) as public:
        assert public.execute("select count(*) from datasets where id = ?", [GONE]).fetchone() == (1,)
        assert public.execute("select count(*) from site_withheld").fetchone() == (0,)
        assert public.execute("select dataset_id, reason from withholdings").fetchall() == [(GONE, None)]


def test_a_dataset_stays_withheld_when_it_comes_back_or_is_known_by_another_id(catalog: Catalog) -> None:
    shown = "select count(*) from shown_datasets"
    row = {"id": "p-1", "portal_id": "p", "identifier": "one", "status": "present", "title": "One"}
    catalog.upsert("portals", [{"id": "p"}])
    catalog.upsert("datasets", [row, row | {"id": "p-2", "identifier": "two"}])
    assert dataset_of(catalog, "p-1") == "p-1" and dataset_of(catalog, "nothing") is None
    withhold(catalog, "p-1", reason=REASON, by="me")
    with catalog.writing():
        catalog.db.conn.execute("delete from datasets where id = 'p-1'")
    assert dataset_of(catalog, "p-1") == "p-1"
    catalog.upsert("datasets", [row])
    assert catalog.value(shown) == 1
    # It turns out to be the older dataset p-2 under a new identifier: its id leads there from now on.
    with catalog.writing():
        catalog.db.conn.execute("delete from datasets where id = 'p-1'")
    catalog.upsert("dataset_aliases", [{"id": "p-1", "dataset_id": "p-2", "portal_id": "p", "identifier": "one"}])
    assert catalog.value(shown) == 0 and dataset_of(catalog, "p-1") == "p-2"
    assert lift(catalog, "p-2", by="me") and catalog.value(shown) == 1
