"""``/imprint``: who runs this site, from the operator's configuration."""

from __future__ import annotations

from catalog.site.pages.page import Content, Page, Visit

__all__ = ["PAGES"]


def _read(visit: Visit) -> Content:
    options, t = visit.options, visit.words.phrase
    return {
        "title": t("imprint.title"),
        "operator": options.operator,
        "imprint": options.imprint,
        "contact": options.contact,
    }


PAGES = (Page(name="imprint", address="/imprint", read=_read),)
