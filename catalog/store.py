"""The catalogue file: opening it, and everything the harvest writes.

One process writes at a time (the night holds a lock); readers are never blocked. A page of records is one
transaction, so that a killed run leaves whole pages and nothing half.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from catalog.migrations import add_metric_columns, migrate
from catalog.model import HarvestError, Portal, Record
from catalog.rows import (
    canonical_hash,
    dataset_id,
    dataset_row,
    distribution_rows,
    plain,
    publisher_row,
    service_rows,
)
from catalog.schema import TABLES

__all__ = ["GRACE_RUNS", "Catalog", "CatalogError", "now", "open_catalog", "sqlite_version"]

GRACE_RUNS = 3
"""Complete harvests in a row that must miss a dataset before it is retired."""


class CatalogError(Exception):
    """The catalogue cannot be opened or written. The message says what, where and the next step."""


def now() -> str:
    """The present instant in UTC, to the second, as the catalogue writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sqlite_version() -> str:
    """Version of the SQLite library in use."""
    return sqlite3.sqlite_version


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "full" in text or "disk I/O" in text:
            step = "free some space and run again: it goes on where it stopped"
        elif "readonly" in text or "unable to open" in text:
            step = "check the owner and rights of the file and its folder"
        elif "not a database" in text or "malformed" in text:
            step = "move the file away and restore a copy, or begin with a new one"
        elif "locked" in text:
            step = "another program is writing to it: close that one first"
        else:
            raise
        raise CatalogError(f"{path}: {text}; {step}") from error


def open_catalog(path: Path) -> Catalog:
    """The catalogue at ``path``, made where there is none, brought to today's schema.

    Raises CatalogError where the file is no catalogue, or cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _explained(path):
        connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            db = Database(connection)
            migrate.apply(db)
            add_metric_columns(db)
        except BaseException:
            connection.close()
            raise
    return Catalog(db, path)


class Catalog:
    """An open catalogue. Methods that write are one transaction each."""

    def __init__(self, db: Database, path: Path) -> None:
        self.db = db
        self.path = path

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in by SQLite."""
        self.db.conn.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, its errors explained."""
        with _explained(self.path), self.db.atomic():
            yield

    def rows(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """All rows of a query as dicts."""
        cursor = self.db.conn.execute(sql, params)
        names = [d[0] for d in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def value(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """The first column of the first row of a query; None where there is no row."""
        row = self.db.conn.execute(sql, params).fetchone()
        return row[0] if row else None

    def upsert(
        self,
        table: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        keep: Iterable[str] = (),
        merge: Mapping[str, str] | None = None,
    ) -> None:
        """Insert or update rows that all have the same columns.

        ``keep`` names columns that an update leaves alone, ``merge`` gives SQL for columns whose new value depends
        on the old one.
        """
        rows = list(rows)
        if not rows:
            return
        names, pk = list(rows[0]), TABLES[table].pk
        new = {n: f"excluded.[{n}]" for n in names if n != pk and n not in set(keep)} | dict(merge or {})
        updates = ", ".join(f"[{name}] = {value}" for name, value in new.items())
        action = f"update set {updates}" if updates else "nothing"
        columns, marks = ", ".join(f"[{n}]" for n in names), ", ".join("?" * len(names))
        # Names come from the schema, never from data.
        sql = f"insert into [{table}] ({columns}) values ({marks}) on conflict ([{pk}]) do {action}"  # noqa: S608
        self.db.conn.executemany(sql, ([row[n] for n in names] for row in rows))

    # Runs

    def begin_run(self, command: str, portals: Sequence[Portal], *, version: str, methodology: str) -> str:
        """Record a new run and its portals, and return the run's id: its start in UTC, one second apart at least."""
        started = now()
        latest = self.value("select max(id) from runs") or ""
        run_id = started.replace("-", "").replace(":", "")
        if run_id <= latest:
            after = datetime.strptime(latest, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) + timedelta(seconds=1)
            run_id = after.strftime("%Y%m%dT%H%M%SZ")
        with self.writing():
            self.upsert(
                "runs",
                [
                    {
                        "id": run_id,
                        "command": command,
                        "status": "running",
                        "stage": "harvest",
                        "started_at": started,
                        "winnow_version": version,
                        "methodology_version": methodology,
                        "portals": len(portals),
                    }
                ],
            )
            self.register(portals)
        return run_id

    def register(self, portals: Sequence[Portal]) -> None:
        """Write what the portal files say; what was measured stays."""
        names = [f.name for f in fields(Portal)]
        self.upsert("portals", [{n: plain(getattr(p, n)) for n in names} for p in portals])

    def unfinished_run(self, command: str) -> str | None:
        """The last run, if it was the same command and was interrupted or killed."""
        rows = self.rows("select id, command, status from runs order by id desc limit 1")
        resumable = rows and rows[0]["command"] == command and rows[0]["status"] in ("running", "interrupted")
        return rows[0]["id"] if resumable else None

    def latest_run(self) -> str | None:
        """The last run that came to its end."""
        found = self.value("select max(id) from runs where status = 'complete'")
        return str(found) if found else None

    def set_run(self, run_id: str, **values: Any) -> None:
        """Set columns of a run: stage, status, summary, finished_at."""
        with self.writing():
            self.db.table("runs").update(run_id, {k: plain(v) for k, v in values.items()})

    # Harvests

    def begin_harvest(self, run_id: str, portal_id: str) -> None:
        """Note that the harvest of a portal starts, or starts again after a killed run."""
        with self.writing():
            self.db.conn.execute("delete from harvest_errors where run_id = ? and portal_id = ?", (run_id, portal_id))
            self.upsert(
                "harvests",
                [
                    {
                        "id": f"{run_id}/{portal_id}",
                        "run_id": run_id,
                        "portal_id": portal_id,
                        "started_at": now(),
                        "verdict": None,
                    }
                ],
            )

    def harvested(self, run_id: str) -> set[str]:
        """Portals whose harvest has ended in this run."""
        rows = self.rows("select portal_id from harvests where run_id = ? and verdict is not null", (run_id,))
        return {row["portal_id"] for row in rows}

    def write_page(
        self, run_id: str, portal_id: str, records: Sequence[Record], errors: Sequence[HarvestError]
    ) -> None:
        """Write one page: datasets with all their parts, raw records, and what was lost."""
        with self.writing():
            self._write_records(run_id, portal_id, records)
            self._write_errors(run_id, portal_id, errors)

    def write_errors(self, run_id: str, portal_id: str, errors: Sequence[HarvestError]) -> None:
        """Write harvest errors that belong to no page."""
        with self.writing():
            self._write_errors(run_id, portal_id, errors)

    def _write_records(self, run_id: str, portal_id: str, records: Sequence[Record]) -> None:
        datasets, parts, services, raws = [], [], [], []
        publishers: dict[str, dict[str, Any]] = {}
        known = self._known(portal_id, records)
        seen = {"first_seen_run": run_id, "last_seen_run": run_id}
        for record in records:
            row = dataset_row(portal_id, record.dataset)
            raw_hash = canonical_hash(record.raw)
            old_hash, old_changed = known.get(row["id"], (None, run_id))
            datasets.append(
                row
                | seen
                | {
                    "source_url": plain(record.url),
                    "source_pointer": record.pointer,
                    "raw_hash": raw_hash,
                    "changed_run": old_changed if old_hash == raw_hash else run_id,
                    "status": "present",
                    "missed_runs": 0,
                    "missing_since": None,
                    "retired_at": None,
                }
            )
            if publisher := publisher_row(portal_id, record.dataset.publisher):
                publishers[publisher["id"]] = publisher
            parts += [r | seen for r in distribution_rows(portal_id, record.dataset)]
            services += [r | seen for r in service_rows(portal_id, record.dataset)]
            if old_hash != raw_hash:
                text = json.dumps(record.raw, ensure_ascii=False, default=str)
                raws.append({"dataset_id": row["id"], "raw": plain(text), "raw_hash": raw_hash, "run_id": run_id})
        self.upsert("publishers", publishers.values())
        self.upsert("datasets", datasets, keep=["first_seen_run"])
        self.upsert("distributions", parts, keep=["first_seen_run"])
        self.upsert("data_services", services, keep=["first_seen_run"])
        self.upsert("records", raws)
        for table in ("distributions", "data_services"):
            self.db.conn.executemany(
                f"update {table} set is_retired = 1 where dataset_id = ? and last_seen_run != ?",  # noqa: S608
                [(d["id"], run_id) for d in datasets],
            )

    def _known(self, portal_id: str, records: Sequence[Record]) -> dict[str, tuple[str, str]]:
        ids = [dataset_id(portal_id, r.dataset.identifier) for r in records]
        known = {}
        for start in range(0, len(ids), 500):
            chunk = ids[start : start + 500]
            marks = ", ".join("?" * len(chunk))
            sql = f"select id, raw_hash, changed_run from datasets where id in ({marks})"  # noqa: S608
            known.update({row[0]: (row[1], row[2]) for row in self.db.conn.execute(sql, chunk)})
        return known

    def _write_errors(self, run_id: str, portal_id: str, errors: Sequence[HarvestError]) -> None:
        if not errors:
            return
        count = self.value(
            "select count(*) from harvest_errors where run_id = ? and portal_id = ?", (run_id, portal_id)
        )
        self.upsert(
            "harvest_errors",
            [
                {
                    "id": f"{run_id}/{portal_id}/{number:06}",
                    "run_id": run_id,
                    "portal_id": portal_id,
                    "created_at": now(),
                    **{k: plain(v) for k, v in asdict(error).items()},
                }
                for number, error in enumerate(errors, count + 1)
            ],
        )

    def finish_harvest(self, run_id: str, portal_id: str, verdict: str, **counts: Any) -> None:
        """End a harvest. Only a complete one may mark what it did not see as missing, and retire after the grace."""
        with self.writing():
            if verdict == "complete":
                self.db.conn.execute(
                    """update datasets set missed_runs = missed_runs + 1,
                         missing_since = coalesce(missing_since, :run),
                         status = case when missed_runs + 1 >= :grace then 'retired' else 'missing' end,
                         retired_at = case when missed_runs + 1 >= :grace then :now end
                       where portal_id = :portal and last_seen_run != :run and status != 'retired'""",
                    {"run": run_id, "portal": portal_id, "grace": GRACE_RUNS, "now": now()},
                )
            totals = self.rows(
                """select count(*) filter (where last_seen_run = :run) as datasets,
                     count(*) filter (where first_seen_run = :run) as added,
                     count(*) filter (where changed_run = :run and first_seen_run != :run) as changed,
                     count(*) filter (where missing_since = :run) as removed
                   from datasets where portal_id = :portal""",
                {"run": run_id, "portal": portal_id},
            )[0]
            errors = self.value(
                "select count(*) from harvest_errors where run_id = ? and portal_id = ?", (run_id, portal_id)
            )
            values = {k: plain(v) for k, v in {**totals, "errors": errors, **counts}.items()}
            self.db.table("harvests").update(
                f"{run_id}/{portal_id}", {"verdict": verdict, "finished_at": now(), **values}
            )
            self.db.table("portals").update(
                portal_id,
                {
                    "last_run": run_id,
                    "datasets": self.value(
                        "select count(*) from datasets where portal_id = ? and status = 'present'",
                        (portal_id,),
                    ),
                },
            )

    def last_complete(self, portal_id: str, before: str) -> int | None:
        """Datasets of the last complete harvest of a portal before a run."""
        found = self.value(
            """select datasets from harvests where portal_id = ? and run_id < ? and verdict = 'complete'
               order by run_id desc limit 1""",
            (portal_id, before),
        )
        return int(found) if found is not None else None
