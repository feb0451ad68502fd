"""Find the datasets that a patch of the methodology touches: those that declare one of the aliases it added.

A patch only adds names to vocabularies, so a dataset that declares none of them gets the same score from the new
version. Such a dataset keeps its figures and gets the new version's number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from catalog.vocabulary.folding import clean, compact, name_key, url_key
from specs.methodology import added_since

if TYPE_CHECKING:
    from catalog.db.store import Catalog

__all__ = ["adopt"]

_FIELDS: dict[str, tuple[tuple[str, str], ...]] = {
    "licences": (
        ("datasets", "licence"), ("datasets", "licence_title"),
        ("distributions", "licence"), ("distributions", "licence_title"), ("table_reports", "profile"),
    ),
    "formats": (
        ("distributions", "format"), ("distributions", "media_type"), ("resource_checks", "content_type"),
        ("distributions", "download_url"), ("distributions", "access_url"),
    ),
    "frequencies": (("datasets", "frequency"),),
    "themes": (("datasets", "themes"),),
    "access_rights": (("datasets", "access_rights"), ("data_services", "access_rights")),
    "languages": (("datasets", "language"), ("distributions", "language")),
    "countries": (),
}  # fmt: skip
"""By vocabulary, the columns in which its names are declared. No metric asks about countries."""


def adopt(catalog: Catalog, portal_id: str, version: str) -> None:
    """Bring the stored scores of a portal to the methodology version ``version`` where that needs no new scoring.

    The methodology is the rules by which datasets are scored. It concerns scores by an older version from which
    ``version`` differs only by names added to vocabularies. Datasets that declare one of these names are noted as due
    for scoring. All other datasets have the same score in both versions: unless they are due for another reason, their
    scores and their stored results of standards are marked as being by ``version``. Scores by an unknown version, or by
    one with more differences, stay unchanged.
    """
    sql = (
        "select distinct methodology_version from dataset_quality where portal_id = ? and methodology_version is not ?"
    )
    for row in catalog.rows(sql, [portal_id, version]):
        scored_by = row["methodology_version"]
        added = added_since(scored_by, version) if scored_by else None
        if added is None:
            continue
        touched = _touched(catalog, portal_id, added)
        with catalog.writing():
            note = "insert into to_score (dataset_id) values (?) on conflict do nothing"
            catalog.db.conn.executemany(note, [(one,) for one in sorted(touched)])
            for table in ("dataset_quality", "conformance"):
                # Datasets due for any other reason are scored again, and get the number then.
                catalog.db.conn.execute(
                    f"""update {table} set methodology_version = ? where portal_id = ? and methodology_version = ?
                        and dataset_id not in (select dataset_id from to_score)""",
                    [version, portal_id, scored_by],
                )


def _touched(catalog: Catalog, portal_id: str, added: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    for vocabulary, names in added.items():
        is_named = _mention_of(names)
        for table, column in _FIELDS[vocabulary]:
            known: dict[str, bool] = {}
            for row in catalog.each(_sql(table, column), {"portal": portal_id}):
                value = row["value"]
                if value not in known:
                    known[value] = is_named(value)
                if known[value]:
                    found.add(row["dataset_id"])
    return found


def _sql(table: str, column: str) -> str:
    """Return SQL for the values of a column with their datasets; only our own names are inserted into the text."""
    if table == "datasets":
        return f"select id as dataset_id, [{column}] as value from datasets where portal_id = :portal and value != ''"
    if table == "table_reports":
        return """select d.dataset_id, json_extract(unpacked(t.profile), '$.licence') as value from table_reports t
            join distributions d on d.id = t.distribution_id where d.portal_id = :portal and value != ''"""
    if table == "resource_checks":
        return " union all ".join(
            f"""select d.dataset_id, c.[{column}] as value from distributions d
                join resource_checks c on c.url = d.{url} where d.portal_id = :portal and c.[{column}] != ''"""
            for url in ("download_url", "access_url")
        )
    return f"select dataset_id, [{column}] as value from {table} where portal_id = :portal and value != ''"


_LIMIT = 20_000
"""Characters of a text in which a licence is looked for."""


def _mention_of(names: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that tells whether a text mentions one of the names, in any form that look-ups fold.

    It finds more than a look-up would, which does no harm: scoring a dataset again unnecessarily gives the same
    score.
    """
    folds = (name_key, compact, lambda text: url_key(text) or "")
    wanted = [{key for name in names if (key := fold(name))} for fold in folds]

    def is_named(value: str) -> bool:
        text = clean(str(value), _LIMIT)
        if text is None:
            # Longer than any look-up reads.
            return False
        plain = text.casefold()
        kept = [name_key(text), compact(text), plain]
        return any(key in there for keys, there in zip(wanted, kept, strict=True) for key in keys)

    return is_named
