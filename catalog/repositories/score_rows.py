"""Write scores of portals, publishers and governments as narrow rows: thousands at once.

The triggers of the view ``score_history`` do the same for one row at a time and take five times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.db.schema.scored import SCORE_COLUMNS
from catalog.db.store import Catalog

__all__ = ["keep_score_rows", "write_score_rows"]

_NAMES = tuple(SCORE_COLUMNS)
_VALUES = tuple(name for name in _NAMES[_NAMES.index("entity_id") + 1 :] if name != "corrections")
"""Columns of ``score_values`` that are written; ``corrections`` is carried over from what was stored."""
_LAST = f"""select v.key, {", ".join(f"v.{name}" for name in (*_VALUES, "corrections"))}
    from score_rows r join score_values v on v.key = r.value
    where r.entity = ? and r.system = ? order by r.run desc limit 1"""  # noqa: S608  # names of the schema
_FORGET = """delete from score_values where key = :value and not exists (
    select 1 from score_rows where entity = :entity and value = :value
      and system in (select key from score_systems where system = :system))"""


def write_score_rows(catalog: Catalog, run_id: str, level: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the scores that entities of a level got in a run, to the tables behind the view ``score_history``.

    A row replaces that of the same run, system and entity; the corrections that were counted there stay. ``level``:
    portal, publisher or government. ``rows``: one for each entity and scoring system, at most, with all columns of
    ``score_history`` except id, run_id, entity_level and corrections. Call it inside a transaction.
    """
    run = catalog.db.conn.execute
    many = catalog.db.conn.executemany
    entities = _entities(catalog, level, rows)
    systems = _systems(catalog, rows)
    of_run = _run_key(catalog, run_id)
    stored = {
        (entity, system): (key, value, corrections)
        for entity, system, key, value, corrections in run(
            """select r.entity, s.system, r.key, r.value, v.corrections from score_rows r
               join score_systems s on s.key = r.system join score_values v on v.key = r.value where r.run = ?""",
            [of_run],
        )
    }
    whose = [(entities[row["entity_id"]], row["system"]) for row in rows]
    replaced = [(*one, *stored[one]) for one in whose if one in stored]
    many("delete from score_rows where key = ?", [(key,) for _, _, key, _, _ in replaced])
    many(_FORGET, [{"entity": entity, "system": name, "value": value} for entity, name, _, value, _ in replaced])
    has_scores = {entity for (entity,) in run("select distinct entity from score_rows")}
    free = run("select coalesce(max(key), 0) + 1 from score_values").fetchone()[0]
    values: list[tuple[Any, ...]] = []
    lines = []
    for one, row in zip(whose, rows, strict=True):
        system = systems[row["system"], row["methodology_version"]]
        told = (*[row[name] for name in _VALUES], stored[one][2] if one in stored else None)
        last = run(_LAST, [one[0], system]).fetchone() if one[0] in has_scores else None
        if last and last[1:] == told:
            key = last[0]
        else:
            key = free + len(values)
            values.append((key, *told))
        lines.append((one[0], system, of_run, key))
    marks = ", ".join("?" * (len(_VALUES) + 2))
    names = ", ".join(("key", *_VALUES, "corrections"))
    many(f"insert into score_values ({names}) values ({marks})", values)  # noqa: S608  # names of the schema
    many("insert into score_rows (entity, system, run, value) values (?, ?, ?, ?)", lines)


def keep_score_rows(catalog: Catalog, run_id: str, before: str) -> bool:
    """Give the run ``run_id`` the scores of the run ``before`` whose ``corrections`` is null: the values stay stored
    once.

    Return False, and write nothing, if the run has scores already. Call it inside a transaction.
    """
    run = catalog.db.conn.execute
    named = {"run": _run_key(catalog, run_id), "before": before}
    if run("select exists (select 1 from score_rows where run = :run)", named).fetchone()[0]:
        return False
    run(
        """insert into score_rows (entity, system, run, value) select r.entity, r.system, :run, r.value
            from score_rows r join score_values v on v.key = r.value
            where r.run = (select key from score_runs where id = :before) and v.corrections is null
            order by r.key""",
        named,
    )
    return True


def _run_key(catalog: Catalog, run_id: str) -> int:
    """Return the key of a run; one that has none gets one."""
    run = catalog.db.conn.execute
    run("insert into score_runs (id) select :run where not exists (select 1 from score_runs where id = :run)",
        {"run": run_id})  # fmt: skip
    return int(run("select key from score_runs where id = ?", [run_id]).fetchone()[0])


def _entities(catalog: Catalog, level: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the key of each entity of a level by its id; those of ``rows`` that have none get one."""
    sql = "select entity_id, key from score_entities where entity_level = ?"
    known = dict(catalog.db.conn.execute(sql, [level]))
    new = [(one, level) for one in dict.fromkeys(row["entity_id"] for row in rows) if one not in known]
    catalog.db.conn.executemany("insert into score_entities (entity_id, entity_level) values (?, ?)", new)
    return dict(catalog.db.conn.execute(sql, [level])) if new else known


def _systems(catalog: Catalog, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """Return the key of each version of a scoring system; those of ``rows`` that have none get one."""
    sql = "select system, methodology_version, key from score_systems"
    known = {(system, version): key for system, version, key in catalog.db.conn.execute(sql)}
    wanted = dict.fromkeys((row["system"], row["methodology_version"]) for row in rows)
    new = [one for one in wanted if one not in known]
    catalog.db.conn.executemany("insert into score_systems (system, methodology_version) values (?, ?)", new)
    return _systems(catalog, rows) if new else known
