"""An alias added to a vocabulary: scores stay comparable, and what declares it is scored again, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import specs.methodology
import specs.metrics
import specs.vocabularies
from catalog.db.store import Catalog, open_catalog
from catalog.exports.cards import scores_of
from catalog.model import Dataset, Distribution
from catalog.vocabulary import licences
from quality.systems.entities import score_entities
from quality.systems.stage import score_portal
from specs.metrics import methodology_version
from tests.making import portal, store

RUNS = ["20261120T010000Z", "20261121T010000Z", "20261122T010000Z"]
ALIAS = "Harborview Open Licence 2"
DECLARED = {
    "name": ALIAS,
    "spelled": "  harborview OPEN-licence (2) ",
    "prose": f"<p>All data are under the {ALIAS}.</p>",
    "other": "Harborview Closed Licence",
    "none": None,
    "known": "CC-BY-4.0",
}


def dataset(name: str, licence: str | None) -> Dataset:
    url = f"https://files.example/{name}.csv"
    return Dataset(
        identifier=name, title=f"Trees of {name}", distributions=(Distribution(access_url=url, licence=licence),)
    )


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Clear the caches of look-ups when the rows change, and when they change back."""

    def forget() -> None:
        licences._index.cache_clear()
        licences._resolve.cache_clear()

    yield monkeypatch
    monkeypatch.undo()
    forget()


def upgrade(patch: pytest.MonkeyPatch, version: str, added: dict[str, tuple[str, ...]]) -> None:
    """Return a version of the methodology with one more alias of CC BY 4.0, recorded as a release would record it."""
    file, spec = specs.methodology._file(), specs.metrics._metrics_file()
    new = specs.methodology.Version(answers="f" * 64, added=added)
    known = file.model_copy(update={"versions": {**file.versions, version: new}})
    patch.setattr(specs.methodology, "_file", lambda: known)
    patch.setattr(specs.metrics, "_metrics_file", lambda: spec.model_copy(update={"version": version}))
    rows = tuple(
        {**row, "aliases": f"{row['aliases']} | {ALIAS}"} if row["id"] == "CC-BY-4.0" else row
        for row in specs.vocabularies.read("licences")
    )
    patch.setattr(licences, "read", lambda name: rows)
    licences._index.cache_clear()
    licences._resolve.cache_clear()


def score_run(catalog: Catalog, run_id: str) -> int:
    catalog.begin_run("test", [portal("a")], version="0", methodology=methodology_version(), run_id=run_id)
    store(catalog, run_id, "a", [dataset(*one) for one in DECLARED.items()])
    done = score_portal(catalog, run_id, "a", is_full=False)
    score_entities(catalog, run_id)
    return done


def scored_in(catalog: Catalog) -> dict[str, tuple[str, str]]:
    sql = """select d.identifier, q.run_id, q.methodology_version from dataset_quality q
             join datasets d on d.id = q.dataset_id"""
    return {row["identifier"]: (row["run_id"], row["methodology_version"]) for row in catalog.rows(sql)}


def test_a_patch_scores_again_what_it_touches(tmp_path: Path, patched: pytest.MonkeyPatch) -> None:
    old = methodology_version()
    new = old.rpartition(".")[0] + f".{int(old.rpartition('.')[2]) + 1}"
    with open_catalog(tmp_path / "c.db") as catalog:
        assert score_run(catalog, RUNS[0]) == len(DECLARED)
        before = catalog.rows("select * from dataset_quality order by dataset_id")
        upgrade(patched, new, {"licences": (ALIAS,)})
        assert methodology_version() == new
        assert score_run(catalog, RUNS[1]) == 3
        touched = {"name", "spelled", "prose"}
        assert scored_in(catalog) == {name: (RUNS[name in touched], new) for name in DECLARED}
        versions = "select distinct methodology_version from conformance"
        assert [row["methodology_version"] for row in catalog.rows(versions)] == [new]
        # The findings that the alias clears were ours to take back, not the publisher's to fix.
        cleared = catalog.rows("select distinct state from findings where rule_id = 'licence_known' and state != 'new'")
        assert {row["state"] for row in cleared} <= {"withdrawn", "open"}
        # The trend goes on.
        (card,) = scores_of(catalog, RUNS[1], "portal")
        assert card["score_prev"] is not None and card["score_delta"] > 0
        # What was not touched has the figures that scoring it again gives.
        score_portal(catalog, RUNS[1], "a", is_full=True)
        names = {row["id"]: row["identifier"] for row in catalog.rows("select id, identifier from datasets")}
        own = {"run_id", "methodology_version"}
        for was, now in zip(before, catalog.rows("select * from dataset_quality order by dataset_id"), strict=True):
            is_same = {k: v for k, v in was.items() if k not in own} == {k: v for k, v in now.items() if k not in own}
            assert is_same is (names[was["dataset_id"]] not in touched)
        # The next night has nothing to do.
        assert score_run(catalog, RUNS[2]) == 0


def test_another_minor_version_scores_everything_again_and_begins_anew(
    tmp_path: Path, patched: pytest.MonkeyPatch
) -> None:
    with open_catalog(tmp_path / "c.db") as catalog:
        score_run(catalog, RUNS[0])
        upgrade(patched, "99.0.0", {})
        assert score_run(catalog, RUNS[1]) == len(DECLARED)
        (card,) = scores_of(catalog, RUNS[1], "portal")
        assert card["score_prev"] is None and card["score_delta"] is None


def test_a_patch_that_is_not_recorded_scores_everything_again(tmp_path: Path, patched: pytest.MonkeyPatch) -> None:
    old = methodology_version()
    with open_catalog(tmp_path / "c.db") as catalog:
        score_run(catalog, RUNS[0])
        # Two patches on, and nobody says what the first one added.
        upgrade(patched, old.rpartition(".")[0] + f".{int(old.rpartition('.')[2]) + 2}", {"licences": (ALIAS,)})
        assert score_run(catalog, RUNS[1]) == len(DECLARED)
        (card,) = scores_of(catalog, RUNS[1], "portal")
        assert card["score_prev"] is not None


def test_scores_kept_by_2_0_0_stay_a_trend_of_their_own(tmp_path: Path) -> None:
    """A catalogue of before opens; its scores are compared among themselves, and none is lost."""
    with open_catalog(tmp_path / "c.db") as catalog:
        score_run(catalog, RUNS[0])
        catalog.db.conn.execute("update score_history set methodology_version = '2.0.0' where system = 'winnow'")
        catalog.db.conn.execute("update dataset_quality set methodology_version = '2.0.0'")
        catalog.db.conn.commit()
        assert score_run(catalog, RUNS[1]) == len(DECLARED)
        catalog.db.conn.execute("update score_history set methodology_version = '2.0.1' where run_id = ?", [RUNS[1]])
        catalog.db.conn.commit()
        (card,) = scores_of(catalog, RUNS[1], "portal")
        assert card["score_prev"] is not None
        assert catalog.value("select count(*) from score_history where methodology_version = '2.0.0'")


def test_formats_and_frequencies_are_found_where_they_are_declared(tmp_path: Path) -> None:
    from catalog.repositories.touched import _touched

    with open_catalog(tmp_path / "c.db") as catalog:
        catalog.begin_run("test", [portal("a")], version="0", methodology="0", run_id=RUNS[0])
        plain = dataset("plain", None)
        file = plain.distributions[0]
        made = [
            plain,
            replace(plain, identifier="format", distributions=(replace(file, format="Zipped-Odd"),)),
            replace(plain, identifier="media", distributions=(replace(file, media_type="application/odd"),)),
            replace(plain, identifier="frequency", frequency="every  BLUE moon"),
            replace(plain, identifier="theme", themes=("ocean", "Arbres & forêts")),
            replace(plain, identifier="language", language=("Elvish",)),
        ]
        store(catalog, RUNS[0], "a", made)
        names = {row["id"]: row["identifier"] for row in catalog.rows("select id, identifier from datasets")}

        def touched(vocabulary: str, *aliases: str) -> set[str]:
            return {names[one] for one in _touched(catalog, "a", {vocabulary: aliases})}

        assert touched("formats", "zipped odd") == {"format"}
        assert touched("formats", "application/odd") == {"media"}
        assert touched("frequencies", "every blue moon", "never ever") == {"frequency"}
        assert touched("themes", "arbres & forets") == {"theme"}
        assert touched("languages", "elvish") == {"language"}
        assert touched("access_rights", "whoever") == touched("countries", "Elvish") == set()
