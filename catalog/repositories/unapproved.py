"""Texts and names that people sent, until the operator has approved them for publication.

Whatever stands in the catalogue may become public: exports, site, letters and webhooks are made from it. So a remark
or a report in words is kept in the private file (:mod:`catalog.repositories.people`) first. The catalogue has the reply
or report without it, and says in the column ``is_text_approved`` that something waits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from catalog.db.store import Catalog
from catalog.repositories.people import COLUMNS, Kind, is_kept, opened

__all__ = ["WaitingText", "approve", "count_waiting", "reject", "waiting_texts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingText:
    """A text, a name, or both, that wait for the operator's approval.

    ``key``: id of the reply or report in the catalogue; ``kind``: which of the two it is; ``about``: id of the finding
    or cause that the reply answers, or of the dataset that is reported; ``said``: the reply, such as "waived", or
    "report"; ``text``: the words, None if there is only a name. ``name``: the person's name if the person agreed that
    it is published, else None.
    """

    key: str
    kind: Kind
    about: str | None
    said: str
    text: str | None
    name: str | None


def waiting_texts(catalog: Catalog) -> list[WaitingText]:
    """Return the texts and names that wait for approval: those of replies, then those of reports, each the oldest
    first.

    Texts and names are deleted after twelve months, see :func:`catalog.repositories.people.expire`.
    """
    data = catalog.path.parent
    if not is_kept(data):
        return []
    with opened(data) as db:
        texts = {(kind, key): text for kind, key, text in db.execute("select kind, key, text from texts")}
        names = {(kind, key): name for kind, key, name in db.execute("select kind, key, name from people")}
    found = []
    for kind, about, said in (("reply", "finding_id", "reply"), ("report", "dataset_id", "'report'")):
        table = COLUMNS[kind][0]  # type: ignore[index]
        # Only names of the schema are inserted into the text, here and below.
        rows = catalog.rows(
            f"""select id, {about} as about, {said} as said, is_name_public from {table}
                where is_text_approved = 0 order by imported_at, id"""  # noqa: S608  # names of the schema
        )
        for row in rows:
            text = texts.get((kind, row["id"]))
            name = names.get((kind, row["id"])) if row["is_name_public"] else None
            if text or name:
                found.append(
                    WaitingText(key=row["id"], kind=kind, about=row["about"], said=row["said"], text=text, name=name)  # type: ignore[arg-type]
                )
    return found


def count_waiting(data: Path) -> tuple[int, int]:
    """Return how many files of unconfirmed senders, and how many texts, wait for the operator in the data folder
    ``data``; 0 and 0 if there is no private file, or it cannot be opened.

    The catalogue is not opened, so a name that waits without a text is not counted.
    """
    if not is_kept(data):
        return 0, 0
    with suppress(sqlite3.Error), opened(data) as db:
        return (
            db.execute("select count(*) from submissions where decided is null").fetchone()[0],
            db.execute("select count(*) from texts").fetchone()[0],
        )
    return 0, 0


def approve(catalog: Catalog, keys: Collection[str]) -> list[str]:
    """Move texts and names that wait for approval from the private file to the catalogue, from where they become
    public. Return the ids for which there were any, sorted.

    ``keys``: ids of replies or reports; others are skipped. A name is moved only if the person agreed that it is
    published; every other name stays private.
    """
    data = catalog.path.parent
    done = []
    for one in waiting_texts(catalog):
        if one.key not in keys:
            continue
        table, name_column, text_column = COLUMNS[one.kind]
        with catalog.writing():
            catalog.db.conn.execute(
                f"update {table} set {text_column} = ?, {name_column} = ?, is_text_approved = 1 where id = ?",  # noqa: S608  # names of the schema
                [one.text, one.name, one.key],
            )
        # Only now: a process that is killed in between must lose nothing.
        _drop(data, one.kind, one.key, has_name=one.name is not None)
        done.append(one.key)
    return sorted(done)


def reject(catalog: Catalog, keys: Collection[str]) -> list[str]:
    """Delete texts that wait for approval: neither they nor the names with them are ever published. Return the ids for
    which a text or a name waited, sorted.

    ``keys``: ids of replies or reports; others are skipped. A reply stays without its text, and its name stays in the
    private file. A report is nothing but its text, and is deleted together with the name.
    """
    done = [one for one in waiting_texts(catalog) if one.key in keys]
    for one in done:
        with catalog.writing():
            if one.kind == "report":
                catalog.db.conn.execute("delete from reports where id = ?", [one.key])
            else:
                sql = "update replies set is_text_approved = null, is_name_public = 0 where id = ?"
                catalog.db.conn.execute(sql, [one.key])
        _drop(catalog.path.parent, one.kind, one.key, has_name=one.kind == "report")
    return sorted(one.key for one in done)


def _drop(data: Path, kind: Kind, key: str, *, has_name: bool) -> None:
    with opened(data) as db:
        for table in ("texts", "people") if has_name else ("texts",):
            db.execute(f"delete from {table} where kind = ? and key = ?", (kind, key))  # noqa: S608  # names of the schema
