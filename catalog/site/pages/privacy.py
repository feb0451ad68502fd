"""``/privacy``: what this site knows of its visitors and of people who reply or report."""

from __future__ import annotations

from catalog.repositories.people import KEPT_DAYS
from catalog.site.pages.page import Content, Page, Visit

__all__ = ["PAGES"]


def _read(visit: Visit) -> Content:
    return {
        "title": visit.words.phrase("privacy.title"),
        "operator": visit.options.operator,
        "contact": visit.options.contact,
        "kept_months": KEPT_DAYS // 30,
    }


PAGES = (Page(name="privacy", address="/privacy", read=_read),)
