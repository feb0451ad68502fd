"""``report.html``: one page for each government, that a minister reads and a clerk checks; and one of the whole run.

Each is one file without scripts or anything loaded from elsewhere, and prints on A4. Every text is escaped, and only
web addresses become links.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from catalog.db.schema.views import is_open
from catalog.db.store import Catalog
from catalog.exports.cards import day_of_run
from catalog.exports.cause_rows import fix_in_words, shared_in_words, unseen_hosts_in_words
from catalog.exports.columns import SCORECARD
from catalog.exports.folders import SENT, folder_name
from catalog.exports.html import html_environment, link_elsewhere
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.promises import OVERALL, commitment_rows
from catalog.exports.wording import changes_in_words, grades_in_words, peers_in_words, withheld_in_words
from catalog.files import write_whole
from catalog.repositories.census import census_of
from catalog.repositories.first_fixes import first_fixes
from catalog.repositories.held import held_causes, ids_apart
from catalog.repositories.withheld import withheld
from specs.languages import Language, language
from specs.metrics import dimensions

__all__ = ["ReportPages", "government_page", "run_page", "write_page"]

FIXES = 8
"""Fixes on a page."""
PORTALS_SHOWN = 3
"""Portals up to which the page lists every key dataset of each."""
EXAMPLES = 3
"""Links for each of them."""
_HERE = Path(__file__).parent / "templates"
_TEXTS = re.compile(r">[^<]+<")
_BESIDE_SIGNS = re.compile(r" (?=[:;?!»])|(?<=«) ")
_CHANGES = {
    "new": "findings_new", "fixed": "findings_fixed", "open": "findings_open", "added": "datasets_added",
    "removed": "datasets_removed",
}  # fmt: skip
"""Columns of the scorecard with the numbers of what changed."""
FIGURES = tuple(field.name for field in SCORECARD if field.name.endswith("_pct"))


@cache
def _environment() -> Environment:
    made = html_environment(_HERE)
    made.globals["link"] = partial(link_elsewhere, shown=160)
    made.globals["style"] = Markup((_HERE / "_style.css").read_text("utf-8"))  # our own file
    return made


class ReportPages(OutputFormat):
    """Writes ``report.html``: one page about the whole run, and one for each government in its language."""

    name = "report.html"
    title = "What a minister reads and a clerk checks"

    def write(self, job: ExportJob) -> Iterator[Path]:
        """Write the page about the run into ``job.out``, and each government's page into its folder; yield their paths.

        Folders that need not be written, see :meth:`ExportJob.is_due`, keep their pages.
        """
        if job.is_due(job.out):
            counted = ["census.csv", "corrections.csv"] if job.options.schema > 1 else []
            links = ["scorecard.csv", _findings(job, job.out), "commitments.csv", *counted, "changes.csv"]
            yield write_page(job.out / self.name, _run_page(job, links))
        for one in job.governments():
            code, has_books = job.languages[one.name], job.options.schema == 1 or job.has_books(one.path)
            links = [_findings(job, one.path)]
            if links == ["findings.csv"]:
                links += [f"findings.{code}.csv"] if code else []
                links += ["findings.xlsx"] if has_books else []
            base, by = job.base_of(one.path), job.options.publisher_in(one.words.code)
            contact, days = job.options.contact, job.options.hold_days or 0
            page = government_page(
                job.catalog, one.card, one.words, contact, links, base=base, published_by=by, hold_days=days
            )
            yield write_page(one.path / self.name, _typeset(page, one.words))


def _run_page(job: ExportJob, links: Sequence[str]) -> str:
    words = language(job.options.language)
    base, by = job.base_of(job.out), job.options.publisher_in(words.code)
    return _typeset(run_page(job.cards, job.head, words, links, base=base, published_by=by), words)


def _typeset(page: str, words: Language) -> str:
    """Return an HTML page with no-break spaces where French has a space beside a sign, so that no line begins with it;
    the pages of other languages are returned unchanged."""
    if words.code.partition("-")[0] != "fr":
        return page
    head, body, rest = page.partition("<body>")
    return head + body + _TEXTS.sub(lambda text: _BESIDE_SIGNS.sub("\u00a0", text[0]), rest)


def write_page(path: Path, page: str) -> Path:
    """Write the HTML text ``page`` to ``path`` in UTF-8, and return the path. The folder is created if needed.

    The file is written under another name first, so that it is never half written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page)
    return path


def _findings(job: ExportJob, folder: Path) -> str:
    """Return the name of the file that leads to all findings of a folder."""
    return "findings.csv" if job.options.schema == 1 or job.has_all_findings(folder) else "datapackage.json"


def government_page(
    catalog: Catalog,
    card: dict[str, Any],
    words: Language,
    contact: str | None = None,
    links: Sequence[str] = ("findings.csv", "findings.xlsx"),
    *,
    base: str = "",
    published_by: tuple[str, str] | None = None,
    hold_days: int = 0,
) -> str:
    """Return the HTML page about a government.

    ``card``: its row of the scorecard, as :func:`catalog.exports.cards.card_rows` gives it. ``words``: language of the
    page. ``contact``: e-mail address or page that replies should go to; None if there is none. ``links``: names of the
    files beside the page that have the findings, the plain one first; the other files have the same forms. ``base``:
    web address of the page's folder, with a slash at its end; "" leaves links relative. ``published_by``: name and
    imprint of who publishes the page; None leaves them out. ``hold_days``: number of days for which a new cause stays
    unpublished after the first letter about it; the page says how many causes are not published yet.
    """
    head = {"run_id": card["run_id"], "run_date": card["run_date"]}
    translated = [link.removeprefix("findings.") for link in links if link.startswith("findings.")] or ["csv"]
    for_people = [link for link in links if link.startswith("findings.") and link != "findings.csv"]

    def files(stem: str) -> Markup:
        """Return links to the forms of a file that the folder has, those for people first."""
        names = (
            links if stem == "findings" else [f"{stem}.{end}" for end in translated if end != "xlsx" or _has_book(stem)]
        )
        return Markup(", ").join(Markup('<a href="{0}">{0}</a>').format(name) for name in [*names[1:], names[0]])

    overall = [
        row for row in commitment_rows(catalog, head, government=card["entity_id"]) if row["indicator_id"] == OVERALL
    ]
    full = {field.name: None for field in SCORECARD} | card
    return (
        _environment()
        .get_template("report.html")
        .render(
            w=words,
            t=words.phrase,
            number=words.number,
            day=day_of_run,
            card=full,
            grades=_grades(words, card),
            fixes=_fixes(catalog, words, card),
            unseen=unseen_hosts_in_words(catalog, words, card["entity_id"]),
            files=files,
            answer_files=", ".join(reversed(for_people or ["findings.csv"])),
            changes=changes_in_words(words, {name: card.get(column) for name, column in _CHANGES.items()}),
            census=_census(catalog, words, card["entity_id"]),
            commitments=overall,
            reports=_reports(catalog, card["entity_id"]),
            figures=FIGURES,
            peers=peers_in_words(words, card.get("peer_group")),
            withheld=withheld_in_words(words, card.get("score_withheld")),
            contact=contact,
            links=links,
            base=base,
            published_by=published_by,
            held=_held_in_words(catalog, words, card, hold_days) if hold_days else [],
            weights={name: f"{one.weight:g}" for name, one in dimensions().items()},
        )
    )


def run_page(
    cards: list[dict[str, Any]],
    head: dict[str, Any],
    words: Language | None = None,
    links: Sequence[str] = ("scorecard.csv", "findings.csv", "commitments.csv", "changes.csv"),
    *,
    base: str = "",
    published_by: tuple[str, str] | None = None,
) -> str:
    """Return the HTML page about a run, which lists all governments and portals.

    ``cards``: all rows of the scorecard. ``head``: run, day and versions, see :func:`catalog.exports.cards.head_of`.
    ``words``: language of the page; None means English. ``links``: names of the files that the page leads to.
    Publishers are not listed. ``base`` and ``published_by``: as for :func:`government_page`.
    """
    words = words or language("en")
    empty = {field.name: None for field in SCORECARD}
    full = [{**empty, **card, "folder": folder_name(card["government"])} for card in cards]
    return (
        _environment()
        .get_template("run.html")
        .render(
            w=words,
            t=words.phrase,
            number=words.number,
            head=head,
            grades_of=partial(_grades, words),
            links=links,
            base=base,
            published_by=published_by,
            governments=[card for card in full if card["entity_level"] == "government"],
            portals=[card for card in full if card["entity_level"] == "portal"],
        )
    )


def _grades(words: Language, card: dict[str, Any]) -> str:
    """Return the grade of a row of the scorecard, or the range of grades where too little was observed."""
    return grades_in_words(words, card["grades"]) if card.get("grades") else "–"


def _fixes(catalog: Catalog, words: Language, card: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the first fixes of an entity, each with its sentence and with examples that may be published.

    ``card``: row of the entity in the scorecard.
    """
    level, entity_id = card["entity_level"], card["entity_id"]
    found, apart = first_fixes(catalog, level, entity_id, FIXES), ids_apart(catalog.db.conn)
    for fix in found:
        fix["what"], fix["shared"] = fix_in_words(words, fix), shared_in_words(words, fix)
        if fix["cause_id"]:
            fix["examples"] = [one for one in fix["examples"] if one["finding_id"] not in apart]
            continue
        # The view would spell out all findings of the rule; only those that are shown are looked up in it.
        fix["examples"] = catalog.rows(
            f"""select coalesce(d.landing_page, shown.resource_url, d.source_url) as url, d.title from (
                 select f.key, max(f.gain_points) as gain, k.id as dataset_id
                 from governments g cross join keys p on p.id = g.portal_id cross join rules r on r.rule_id = :rule
                 cross join finding_rows f on f.portal_key = p.key and f.rule_key = r.key
                 cross join keys k on k.key = f.dataset_key
                 where g.name = :name and {is_open()} and not {withheld(card["run_id"])}
                   and k.id in (select id from datasets)
                 group by f.dataset_key order by gain desc, dataset_id limit :most) best
               cross join findings shown on shown.key = best.key join datasets d on d.id = best.dataset_id
               order by best.gain desc, d.id""",  # noqa: S608  # SQL of ours, an instant
            {"name": entity_id, "rule": fix["rule_id"], "most": EXAMPLES},
        )
    return found


def _has_book(stem: str) -> bool:
    return SENT[stem].has_book


def _census(catalog: Catalog, words: Language, government: str) -> list[dict[str, Any]]:
    """Return the last census of each portal of a government: its title, the number of keys by state, the rows of the
    keys that were found or not observed, and the names of those that were not found.

    Where a government has many portals only the numbers are given.
    """
    of_portal: dict[str, list[dict[str, Any]]] = {}
    for row in census_of(catalog, government=government, is_shown=True):
        of_portal.setdefault(row["portal_title"], []).append(row)
    states = ("open", "unknown", "closed", "not_found", "not_observed")
    return [
        {
            "title": title,
            "counts": {"count": len(rows)} | {state: sum(one["state"] == state for one in rows) for state in states},
            "rows": [one for one in rows if one["state"] != "not_found"] if len(of_portal) <= PORTALS_SHOWN else [],
            "missing": "; ".join(words.keys.get(one["key"], one["key"]) for one in rows if one["state"] == "not_found"),
            "searched": max(one["searched"] or 0 for one in rows),
        }
        for title, rows in of_portal.items()
    ]


def _held_in_words(catalog: Catalog, words: Language, card: dict[str, Any], hold_days: int) -> list[str]:
    """Return a sentence for each day on which causes that are held back become public, and one for those without."""
    found = held_causes(catalog, card["run_id"], hold_days, government=card["entity_id"])
    days = Counter(one.public_on for one in found)
    return [
        words.phrase("held_line", count=count, date=words.day(day.isoformat()))
        if day
        else words.phrase("held_untold", count=count, days=hold_days)
        for day, count in sorted(days.items(), key=lambda one: str(one[0]))
    ]


def _reports(catalog: Catalog, government: str) -> list[dict[str, Any]]:
    return catalog.rows(
        """select r.reported_on, r.who, r.what, coalesce(r.url, d.landing_page) as url, d.title
           from reports r join governments g on g.portal_id = r.portal_id
           join shown_datasets d on d.id = r.dataset_id
           where g.name = ? and r.is_text_approved = 1 order by r.reported_on desc, r.id limit 10""",
        [government],
    )
