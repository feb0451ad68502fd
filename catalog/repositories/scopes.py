"""Find the datasets that a commitment covers: its clauses as SQL over today's catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from catalog.db.store import Catalog
from catalog.vocabulary.folding import name_key
from catalog.vocabulary.promises import hvd_code, hvd_top, law_key, slug
from catalog.vocabulary.terms import theme
from specs.commitments import Clause, Scope

__all__ = ["Scopes"]

_LISTED = {"theme": "themes", "keyword": "keywords", "hvd_category": "hvd_categories"} | {
    "legislation": "applicable_legislation"
}


def _theme_key(text: str) -> str:
    found = theme(text)
    return found.id if found else name_key(text)


def _same_theme(wanted: str, declared: str) -> bool:
    return _theme_key(wanted) == _theme_key(declared)


def _same_keyword(wanted: str, declared: str) -> bool:
    return name_key(wanted) == name_key(declared)


def _same_category(wanted: str, declared: str) -> bool:
    code = hvd_code(wanted) or wanted
    return code in (hvd_code(declared), hvd_top(declared), declared)


def _same_law(wanted: str, declared: str) -> bool:
    return law_key(wanted) == law_key(declared)


_SAME: dict[str, Callable[[str, str], bool]] = {
    "theme": _same_theme,
    "keyword": _same_keyword,
    "hvd_category": _same_category,
    "legislation": _same_law,
}


class Scopes:
    """Finds the datasets and portals that the scope of a commitment covers, in the present state of the catalogue.

    A scope is a set of conditions on datasets: theme, publisher, portal, and so on. The result for a scope is cached in
    the object, so make a new object after the catalogue has changed.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._values: dict[str, list[str]] = {}
        self._found: dict[str, list[str]] = {}
        catalog.db.conn.create_function("name_key", 1, lambda text: name_key(text or ""), deterministic=True)

    def datasets(self, scope: Scope) -> list[str]:
        """Return the ids of the currently listed datasets that a scope covers, sorted.

        If a dataset is a copy of a dataset in another portal and the scope covers both, only the original is returned.
        A copy whose original is outside the scope is returned.
        """
        key = scope.model_dump_json()
        if key not in self._found:
            params: list[Any] = []
            where = [self._clause(clause, params) for clause in scope.all_of]
            if scope.any_of:
                where.append("(" + " or ".join(self._clause(clause, params) for clause in scope.any_of) + ")")
            # A condition on what is not declared, such as no publisher, is NULL; it excludes nothing.
            where += [f"not coalesce({self._clause(clause, params)}, 0)" for clause in scope.none_of]
            # Conditions are constants of this module; values from files and portals are passed as parameters.
            sql = f"""select d.id, d.copy_of from present_datasets d join portals p on p.id = d.portal_id
                      join governments g on g.portal_id = p.id where {" and ".join(where)} order by d.id"""
            rows = self.catalog.rows(sql, params)
            ids = {row["id"] for row in rows}
            self._found[key] = [row["id"] for row in rows if row["copy_of"] is None or row["copy_of"] not in ids]
        return self._found[key]

    def portals(self, scope: Scope) -> set[str]:
        """Return the ids of the portals that the conditions of a scope name by id, host, government or country; an
        empty set if none does.

        A portal is returned even if none of its datasets is in the scope. Conditions under ``none_of``, which exclude
        datasets, are ignored.
        """
        named = [
            {key: value for key, value in clause.keys.items() if key in ("portal", "government", "country")}
            for clause in (*scope.all_of, *scope.any_of)
        ]
        found: set[str] = set()
        for keys in filter(None, named):
            params: list[Any] = []
            sql = f"""select p.id from portals p join governments g on g.portal_id = p.id
                      where {self._clause(Clause(**keys), params)}"""
            found |= {row["id"] for row in self.catalog.rows(sql, params)}
        return found

    def _clause(self, clause: Clause, params: list[Any]) -> str:
        parts = []
        for key, value in clause.keys.items():
            condition, values = self._condition(key, value)
            parts.append(condition)
            params += values
        return "(" + " and ".join(parts) + ")"

    def _condition(self, key: str, value: str) -> tuple[str, list[Any]]:
        among = "in (select value from json_each(?))"
        match key:
            case "portal":
                return f"p.id {among}", [self._portals(value)]
            case "publisher":
                return f"d.publisher_id {among}", [self._publishers(value)]
            case "title":
                words = name_key(value)
                if words.isascii():
                    return "instr(' ' || name_key(d.title) || ' ', ?) > 0", [f" {words} "]
                return "instr(name_key(d.title), ?) > 0", [words]
            case "dataset":
                return "? in (d.id, d.identifier)", [value]
            case "government":
                return "name_key(g.name) = ?", [name_key(value)]
            case "country":
                return "p.country = ?", [value]
        column = _LISTED[key]
        chosen = _json(one for one in self._declared(column) if _SAME[key](value, one))
        return f"exists (select 1 from json_each(d.{column}) t where t.value {among})", [chosen]

    def _declared(self, column: str) -> list[str]:
        """Return all different values of a list-valued column of datasets."""
        if column not in self._values:
            # The column is one of _LISTED.
            rows = self.catalog.rows(
                f"""select distinct t.value from datasets d, json_each(d.{column}) t
                    where d.{column} is not null and d.{column} != '[]'"""
            )
            self._values[column] = [str(row["value"]) for row in rows]
        return self._values[column]

    def _portals(self, value: str) -> str:
        rows = self.catalog.rows("select id, url from portals")
        return _json(row["id"] for row in rows if value in (row["id"], urlsplit(row["url"] or "").hostname))

    def _publishers(self, value: str) -> str:
        rows = self.catalog.rows("select id, name, identifier from publishers")
        return _json(
            row["id"]
            for row in rows
            if value in (row["id"], row["identifier"]) or slug(value) == slug(row["name"] or "")
        )


def _json(values: Iterable[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)
