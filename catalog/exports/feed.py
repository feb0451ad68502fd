"""``feed.atom``: the news of each run for a government, newest first (RFC 4287)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from catalog.db.store import Catalog, instant, started
from catalog.exports.folders import folder_name
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.wording import changes_in_words
from catalog.files import write_whole
from catalog.repositories.narrow_findings import life_counts, newest
from specs.languages import Language

__all__ = ["AtomFeeds", "feed"]

ATOM = "http://www.w3.org/2005/Atom"
RUNS = 10
"""Runs in a feed."""
FINDINGS = 50
"""New findings named in an entry."""


class AtomFeeds(OutputFormat):
    """Writes ``feed.atom``: for each government a feed with one entry for each of its last runs."""

    name = "feed.atom"
    title = "What each run brought a government, newest first"

    def write(self, job: ExportJob) -> Iterator[Path]:
        """Write a feed into the folder of each government whose files must be written, see :meth:`ExportJob.is_due`;
        yield the paths."""
        for one in job.governments():
            target = one.path / self.name
            write_whole(target, feed(job.catalog, one.name, job.run_id, one.words, job.base_of(one.path)))
            yield target


def feed(catalog: Catalog, government: str, run_id: str, words: Language, base: str = "") -> bytes:
    """Return the Atom feed about a government as XML in UTF-8, with an entry for each of its last ten runs up to
    ``run_id``.

    A run counts if it stored a Winnow score, even a withheld one, for the government. ``government``: its name.
    ``words``: language of the feed. ``base``: web address of the folder of the feed, with a slash at its end; "" if it
    is not known, so that links are relative. An entry gives the score and the numbers of new and fixed findings, and
    names the new findings that are still open, at most 50.
    """
    ElementTree.register_namespace("", ATOM)
    root = ElementTree.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": words.code})
    key = f"urn:winnow:{folder_name(government)}"
    _add(root, "id", key)
    _add(root, "title", words.phrase("report_title", name=government))
    _add(root, "updated", instant(started(run_id)))
    author = ElementTree.SubElement(root, f"{{{ATOM}}}author")
    _add(author, "name", "Winnow")
    ElementTree.SubElement(root, f"{{{ATOM}}}link", {"rel": "self", "href": f"{base}feed.atom"})
    runs = _runs(catalog, government, run_id)
    lines = _lines(catalog, government, run_id, {row["run_id"]: row["new"] for row in runs}, words)
    for row in runs:
        entry = ElementTree.SubElement(root, f"{{{ATOM}}}entry")
        _add(entry, "id", f"{key}:{row['run_id']}")
        score = words.number(row["score"]) if row["score"] is not None else words.phrase("no_score")
        _add(entry, "title", words.phrase("feed_entry", score=score, **changes_in_words(words, row)))
        _add(entry, "updated", instant(started(row["run_id"])))
        link = {"rel": "alternate", "type": "text/html", "href": f"{base}report.html"}
        ElementTree.SubElement(entry, f"{{{ATOM}}}link", link)
        _add(entry, "content", "\n".join(lines.get(row["run_id"], ())) or words.phrase("feed_nothing"), type="text")
    ElementTree.indent(root, " ")
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add(parent: ElementTree.Element, name: str, text: str, **attributes: str) -> None:
    # A character that XML cannot hold would make the whole feed unreadable.
    plain = "".join(sign for sign in text if sign in "\t\n\r" or sign >= " " and not "\ud800" <= sign <= "\udfff")
    ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", attributes).text = plain.replace("\ufffe", "").replace(
        "\uffff", ""
    )


def _runs(catalog: Catalog, government: str, run_id: str) -> list[dict[str, Any]]:
    rows = catalog.rows(
        """select s.run_id, s.score from score_history s where s.system = 'winnow' and s.entity_level = 'government'
             and s.entity_id = ? and s.run_id <= ? order by s.run_id desc limit ?""",
        [government, run_id, RUNS],
    )
    new, fixed = life_counts(catalog, _portals(catalog, government))
    return [{**row, "new": new.get(row["run_id"], 0), "fixed": fixed.get(row["run_id"], 0)} for row in rows]


def _portals(catalog: Catalog, government: str) -> list[str]:
    rows = catalog.rows("select portal_id from governments where name = ? order by 1", [government])
    return [row["portal_id"] for row in rows]


def _lines(
    catalog: Catalog, government: str, run_id: str, counts: dict[str, int], words: Language
) -> dict[str, list[str]]:
    """Return, by run, the findings that were new in it and still exist, those with the highest gain first.

    ``counts``: the runs that are wanted, each with the number of its new findings.
    """
    found = newest(catalog, run_id, _portals(catalog, government), counts, FINDINGS)
    keys = [key for own in found.values() for key in own]
    rows = {
        row["key"]: row
        for row in catalog.rows(
            f"""select f.key, f.rule_id, f.field, f.how_to_fix, f.resource_url, d.title
                from findings f left join datasets d on d.id = f.dataset_id
                where f.key in ({", ".join("?" * len(keys))})""",  # noqa: S608  # placeholders
            keys,
        )
    }
    return {run: [_line(rows[key], words) for key in own] for run, own in found.items()}


def _line(row: dict[str, Any], words: Language) -> str:
    fix = words.fix(row["rule_id"], row["field"], row["how_to_fix"])
    address = f" {row['resource_url']}" if row["resource_url"] else ""
    return f"{row['title'] or '–'}: {fix}{address}"
