"""Scores of portals, publishers and governments as narrow rows, and the view ``score_history`` that spells them out.

Every night stores a score of each of them in each scoring system, and most scores are those of the night before. So
each name, system and run stands once, a row refers to them by integer keys, and the values are stored only if they
differ from the last ones. Values belong to one entity and system: no others refer to them. Readers and writers use the
view; triggers write the tables.
"""

from __future__ import annotations

from catalog.db.schema.kinds import ColumnSpec, TableSpec, c

__all__ = ["BEFORE", "INDEXES", "SCORE_COLUMNS", "SCORE_FACETS", "SCORE_SQL", "TABLES", "TRIGGERS"]

BEFORE = "score_history_before"
"""Table with the wide rows of an older catalogue until they are moved."""

SCORE_COLUMNS: dict[str, ColumnSpec] = {
    "id": c(str, "Run, system and entity."),
    "run_id": c(str, "Run.", "runs"),
    "system": c(str, "winnow, or the id of another scoring system."),
    "methodology_version": c(str, "Version of the system."),
    "entity_level": c(str, "government, portal, publisher or dataset."),
    "entity_id": c(str, "Id of the entity."),
    "score": c(float, "Score: for winnow 0 to 100."),
    "score_low": c(float, "If everything unknown had failed."),
    "score_high": c(float, "If everything unknown had passed."),
    "grade": c(str, "A to E, only for winnow; in the public file a range, such as B to D, if too little was observed."),
    "datasets": c(int, "Datasets behind it."),
    "coverage_pct": c(float, "Measurements made of those that apply, 0 to 100."),
    "families": c(int, "Families of datasets behind it: parts of one count once."),
    "ci_low": c(float, "Lower end of the 95 % interval of the mean, by bootstrap over the families."),
    "ci_high": c(float, "Upper end of it."),
    "withheld": c(str, "Why no score is shown: too few datasets, or too little of them was measured."),
    "band": c(str, "Band of the score, in systems that have bands."),
    "corrections": c(int, "Findings withdrawn after the run because we were wrong; the score is the one after."),
}
"""Columns of the view ``score_history``, in their order."""
SCORE_FACETS = ("system", "entity_level")

_VALUES = tuple(SCORE_COLUMNS)[6:]

TABLES: dict[str, TableSpec] = {
    "score_entities": TableSpec(
        "A portal, publisher or government that has scores, once.",
        {
            "key": c(int, "Number by which rows refer to it."),
            "entity_id": SCORE_COLUMNS["entity_id"],
            "entity_level": SCORE_COLUMNS["entity_level"],
        },
        pk="key",
        indexes=(("entity_id", "entity_level"),),
    ),
    "score_systems": TableSpec(
        "A version of a scoring system, once.",
        {
            "key": c(int, "Number by which rows refer to it."),
            "system": SCORE_COLUMNS["system"],
            "methodology_version": SCORE_COLUMNS["methodology_version"],
        },
        pk="key",
    ),
    "score_runs": TableSpec(
        "A run that stored scores, once.",
        {
            "key": c(int, "Number by which rows refer to it; it rises from run to run."),
            "id": c(str, "Run.", "runs"),
        },
        pk="key",
    ),
    "score_values": TableSpec(
        "Values that a score had in one run or in several runs one after the other.",
        {"key": c(int, "Number by which rows refer to it."), **{name: SCORE_COLUMNS[name] for name in _VALUES}},
        pk="key",
    ),
    "score_rows": TableSpec(
        "A score at the end of a run as it is stored; the view score_history spells it out.",
        {
            "key": c(int, "Number of the row."),
            "entity": c(int, "Whose score, by score_entities."),
            "system": c(int, "In which system, by score_systems."),
            "run": c(int, "Run, by score_runs."),
            "value": c(int, "The score, by score_values."),
        },
        pk="key",
        indexes=(("run",),),
    ),
}

INDEXES = {
    "score_runs_by_id": "create unique index if not exists score_runs_by_id on score_runs (id)",
    "score_rows_by_entity": """create unique index if not exists score_rows_by_entity
        on score_rows (entity, system, run)""",
}
"""Indexes that a TableSpec cannot declare."""

_NAMED = {"run_id": "n.id", "system": "s.system", "methodology_version": "s.methodology_version"}
_NAMED |= {"entity_level": "e.entity_level", "entity_id": "e.entity_id"}
_NAMED |= {"id": "n.id || '/' || s.system || '/' || e.entity_level || '/' || e.entity_id"}
SCORE_SQL = f"""select {", ".join(f"{_NAMED.get(name, f'v.{name}')} as {name}" for name in SCORE_COLUMNS)}
    from score_rows r join score_entities e on e.key = r.entity join score_systems s on s.key = r.system
    join score_runs n on n.key = r.run join score_values v on v.key = r.value"""  # noqa: S608  # names of the schema
"""Query of the view ``score_history``."""


def _is_entity(row: str) -> str:
    return f"entity_id is {row}.entity_id and entity_level is {row}.entity_level"


def _is_system(row: str) -> str:
    return f"system is {row}.system and methodology_version is {row}.methodology_version"


def _forget(row: str) -> str:
    """Return SQL that deletes the row with the entity, system and run of the row ``row``, and its values unless other
    runs of that entity and system have the same. ``row``: "old" or "new"."""
    own = f"""entity = (select key from score_entities where {_is_entity(row)})
        and system in (select key from score_systems where system is {row}.system)"""  # noqa: S608  # names of the schema
    run = f"(select key from score_runs where id = {row}.run_id)"  # noqa: S608  # names of the schema
    return f"""
        delete from score_values where key in (select value from score_rows where {own} and run = {run})
          and not exists (select 1 from score_rows where {own} and run != {run} and value = score_values.key);
        delete from score_rows where {own} and run = {run};"""  # noqa: S608  # names of the schema


_ENTITY = f"(select key from score_entities where {_is_entity('new')})"  # noqa: S608  # names of the schema
_SYSTEM = f"(select key from score_systems where {_is_system('new')})"  # noqa: S608  # names of the schema
_LAST = f"""(select v.key from score_values v where v.key = (
          select value from score_rows where entity = {_ENTITY} and system = {_SYSTEM} order by run desc limit 1)
        and {" and ".join(f"v.{name} is new.{name}" for name in _VALUES)})"""  # noqa: S608  # names of the schema
"""SQL for the last values of the entity and system of the row ``new``; null if the values of ``new`` are others."""
_ALL = ", ".join(SCORE_COLUMNS)
TRIGGERS = {
    "score_history_insert": f"""create trigger if not exists score_history_insert
        instead of insert on score_history begin
        insert into score_entities (entity_id, entity_level) select new.entity_id, new.entity_level
          where {_ENTITY} is null;
        insert into score_systems (system, methodology_version) select new.system, new.methodology_version
          where {_SYSTEM} is null;
        insert into score_runs (id) select new.run_id where not exists (select 1 from score_runs where id = new.run_id);
        {_forget("new")}
        insert into score_values ({", ".join(_VALUES)}) select {", ".join(f"new.{name}" for name in _VALUES)}
          where {_LAST} is null;
        insert into score_rows (entity, system, run, value) values ({_ENTITY}, {_SYSTEM},
          (select key from score_runs where id = new.run_id),
          coalesce({_LAST}, (select max(key) from score_values))); end""",  # noqa: S608  # names of the schema
    "score_history_update": f"""create trigger if not exists score_history_update
        instead of update on score_history begin
        {_forget("old")}
        insert into score_history ({_ALL}) values ({", ".join(f"new.{name}" for name in SCORE_COLUMNS)}); end""",  # noqa: S608  # names of the schema
    "score_history_delete": f"""create trigger if not exists score_history_delete
        instead of delete on score_history begin {_forget("old")} end""",
}
"""Triggers through which ``insert``, ``update`` and ``delete`` write to the view as if it was a table. A row replaces
the one of the same run, system and entity; the column ``id`` follows from these and is not written."""
