"""``/report``: tell the operator what is wrong with a dataset, or reply to a finding; and what became of a message."""

from __future__ import annotations

from pathlib import Path

from catalog.repositories.inbox import NAME_MAX, TEXT_MAX, state_of
from catalog.site.pages.page import Content, Page, Visit
from catalog.site.reporting import ID_MAX, about, new_seal

__all__ = ["PAGES"]


def _read(visit: Visit) -> Content:
    t, key = visit.words.phrase, visit.args.get("about", "")[:ID_MAX]
    dataset_id, title = about(visit, key) if key else (None, None)
    is_open = visit.options.inbox is not None and not visit.options.is_static
    return {
        "title": t("report.title"),
        "is_open": is_open,
        "_seal": new_seal() if is_open else None,
        "is_fresh": True,
        "about": key if title is not None else None,
        "dataset_id": dataset_id,
        "about_title": title,
        "is_unknown": bool(key) and title is None,
        "contact": visit.options.contact,
        "text_max": TEXT_MAX,
        "name_max": NAME_MAX,
        "is_listed": False,
        "canonical": "/report",
    }


def _state(visit: Visit) -> Content | None:
    if visit.options.inbox is None:
        return None
    state = state_of(Path(visit.options.inbox), visit.name[:ID_MAX])
    if state is None:
        return None
    return {"title": visit.words.phrase("report.state_title"), "state": state, "is_listed": False}


PAGES = (
    Page(name="report", address="/report", read=_read),
    Page(name="report_state", address="/report/<id>", read=_state, is_mirrored=False),
)
