"""``/browse``: all datasets in lists, so that they can be found without a search or a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from catalog.site.pages.page import Content, Page, Visit
from catalog.site.pages.paging import name_and_number
from catalog.site.pages.search import label_of

__all__ = ["PAGES", "PER_PAGE"]

PER_PAGE = 50
"""Datasets on a page."""
_LETTERS = ("joined", "other")
"""Groups of the alphabetical index that are no letters."""
_GROUPS = """
select v.name, v.label, (select count(*) from search_has h where h.value = v.value) as datasets
from search_values v where v.facet = :facet order by v.label, v.name"""
_GROUP = """
select v.name, v.label, (select count(*) from search_has h where h.value = v.value) as datasets
from search_values v where v.facet = :facet and v.name = :name"""
_LETTER = "select letter as name, count(*) as datasets from search_documents where letter = :name group by letter"
_BY_LETTER = "select letter as name, count(*) as datasets from search_documents group by letter order by letter"
_LISTED = """
select d.id, d.title, d.identifier, d.status, coalesce(nullif(p.title, ''), p.id) as portal
from {numbers} n join search_documents s on s.number = n.number join datasets d on d.id = s.dataset_id
left join portals p on p.id = d.portal_id"""
_OF_VALUE = _LISTED.format(
    numbers="""(select h.document as number from search_has h
      where h.value = (select value from search_values where facet = :facet and name = :name)
      order by h.document limit :limit offset :offset)"""
)
_OF_LETTER = _LISTED.format(
    numbers="""(select number from search_documents where letter = :name
      order by sorted, number limit :limit offset :offset)"""
)


def _groups(visit: Visit, facet: str) -> list[dict[str, Any]]:
    """Return the names of the lists of a kind, with their titles for readers and how many datasets each has."""
    rows = visit.rows(_BY_LETTER) if facet == "letter" else visit.rows(_GROUPS, facet=facet)
    return [_described(visit, facet, row) for row in rows]


def _group(visit: Visit, facet: str, name: str) -> dict[str, Any] | None:
    """Return one list as :func:`_groups` does; None if there is none of that name."""
    row = visit.row(_LETTER, name=name) if facet == "letter" else visit.row(_GROUP, facet=facet, name=name)
    return _described(visit, facet, row) if row else None


def _described(visit: Visit, facet: str, row: dict[str, Any]) -> dict[str, Any]:
    label = _label(visit, facet, row["name"], row.get("label"))
    return row | {"label": label, "path": f"/browse/{facet}/{quote(row['name'], safe='')}"}


def _label(visit: Visit, facet: str, name: str, label: str | None = None) -> str:
    if facet == "letter":
        return visit.words.phrase(f"browse.letter_{name}") if name in _LETTERS else name.upper()
    return label or label_of(visit, facet, name)


def _read(visit: Visit) -> Content:
    t = visit.words.phrase
    return {
        "title": t("browse.title"),
        "description": t("browse.description"),
        "groups": {facet: _groups(visit, facet) for facet in ("letter", "theme", "government")},
        "datasets": None,
    }


def _read_list(facet: str) -> Callable[[Visit], Content | None]:
    def read(visit: Visit) -> Content | None:
        name, number = name_and_number(visit.name)
        group = _group(visit, facet, name)
        last = max(1, -(-group["datasets"] // PER_PAGE)) if group else 0
        if group is None or not 1 <= number <= last:
            return None
        asked = {"name": name, "limit": PER_PAGE, "offset": (number - 1) * PER_PAGE}
        rows = visit.rows(_OF_LETTER, **asked) if facet == "letter" else visit.rows(_OF_VALUE, facet=facet, **asked)
        return {
            "title": visit.words.phrase("browse.of", name=group["label"]),
            "canonical": f"/browse/{facet}/{quote(visit.name, safe='~')}",
            "groups": {},
            "group": group,
            "datasets": rows,
            "page_number": number,
            "last_page": last,
        }

    return read


def _names(facet: str) -> Callable[[Visit], Iterator[str]]:
    def names(visit: Visit) -> Iterator[str]:
        for group in _groups(visit, facet):
            yield group["name"]
            last = -(-group["datasets"] // PER_PAGE)
            yield from (f"{group['name']}~{number}" for number in range(2, last + 1))

    return names


PAGES = (
    Page(name="browse", address="/browse", read=_read),
    *(
        Page(name="browse", address=f"/browse/{facet}/<name>", read=_read_list(facet), names=_names(facet))
        for facet in ("government", "portal", "publisher", "theme", "letter")
    ),
)
