"""Indexes of findings that are built after the first findings were stored are those that would have been there."""

from __future__ import annotations

from pathlib import Path

from catalog.db.late_indexes import late_indexes
from catalog.db.schema.found import LATE_INDEXES
from catalog.db.store import Catalog, open_catalog
from tests.making import put_findings


def there(catalog: Catalog) -> set[str]:
    return {row["name"] for row in catalog.rows("select name from sqlite_master where type = 'index'")} & set(
        LATE_INDEXES
    )


def test_indexes_are_built_after_the_first_findings(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        with late_indexes(catalog.db):
            assert there(catalog) == set()
            with catalog.writing():
                # Two have one id: the first of them is kept.
                put_findings(catalog, [{"id": name, "observed": str(at)} for at, name in enumerate("aab")])
        assert there(catalog) == set(LATE_INDEXES)
        found = catalog.rows("select id, observed from findings order by id")
        assert found == [{"id": "a", "observed": "0"}, {"id": "b", "observed": "2"}]
        with late_indexes(catalog.db):
            assert there(catalog) == set(LATE_INDEXES)


def test_what_a_killed_process_left_without_indexes_gets_them(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        for name in LATE_INDEXES:
            catalog.db.execute(f"drop index [{name}]")
        assert there(catalog) == set()
    with open_catalog(tmp_path / "catalog.db") as catalog:
        assert there(catalog) == set(LATE_INDEXES)
