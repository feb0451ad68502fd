"""No English is left over in another language: a language of the test's own puts every text of ours into brackets.

Cells, sentences and lines of the page that have no bracket are then either data, which stay as they are, or forgotten.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path

import pytest
from openpyxl import load_workbook

from catalog.db.store import Catalog
from catalog.exports.cause_rows import cause_rows
from catalog.exports.finding_rows import finding_rows
from catalog.exports.folders import SENT
from catalog.exports.wording import translator
from catalog.repositories.sent import HeldNews, Letter, MethodChange, letters
from harvester.cli.configuration import Operator, OperatorTexts
from harvester.mail.attachments import attached
from harvester.mail.letters import LetterSender, mail_of, text_of
from harvester.mail.mailing import Mailing
from harvester.mail.smtp import SmtpServer
from quality.census.stage import take_census
from quality.digest.figures import asked, measured
from quality.findings.cause_stage import find_causes
from quality.metrics import sentence_of
from specs.languages import Language, language, languages
from specs.metrics import metrics
from specs.table_rules import table_rules
from tests.catalog.carding import PORTALS, RUNS, put_out, scored
from tests.pseudo import ISO_DAY, TAG, WRAPPED, pseudo_language

DATA = {
    "answer_note", "candidates", "cause_id", "changed_run", "checked_at", "commitment_id", "commitment_ids",
    "confirmed_by", "contact", "contact_email", "country_iso3", "dataset_id", "dataset_title", "dataset_url",
    "distribution_id", "entity_id", "entity_name", "evidence_record", "evidence_url", "examples",
    "field", "finding_id", "findings_url", "first_seen_run", "format_declared", "format_served", "government",
    "grade", "guide_url", "indicator_id", "key", "lead", "measure", "methodology_version", "ogp_url",
    "portal_id", "portal_title", "portal_url", "publisher_id", "publisher_name", "queries_url", "resource_url",
    "responder", "response_note", "root_title", "rows", "rule_id", "run_id", "schema_version", "title",
    "top_fix_rule",
}  # fmt: skip
"""Columns of texts that are not ours, or names by which programs know a thing."""
MADE_UP = {"no such scheme"}
"""Details of checks that only the tests' catalogue has."""


@pytest.fixture(scope="module")
def pseudo() -> Iterator[Language]:
    with pseudo_language() as made:
        yield made


@pytest.fixture(scope="module")
def sent(pseudo: Language, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, Path]]:
    folder = tmp_path_factory.mktemp("pseudo")
    with scored(folder, runs=1, count=6) as catalog:
        run_id = catalog.latest_run() or ""
        find_causes(catalog, run_id, [one.id for one in PORTALS], hold_days=0)
        take_census(catalog, run_id)
        put_out(catalog, folder / "out", language=TAG, has_books=True)
        yield catalog, folder / "out"


def is_ours(text: str) -> bool:
    return bool(WRAPPED.search(text)) or not re.search("[A-Za-z]{2}", text)


def forgotten(stem: str, titles: list[str], rows: Iterator[list[str]]) -> set[tuple[str, str]]:
    """Return the cells of a table that are in English, each once: column and text. A title must be in brackets."""
    fields = {f"⟦{languages()['en'].column(one.name)}⟧": one for one in SENT[stem].column}
    assert set(titles) <= set(fields), set(titles) - set(fields)
    columns = [fields[title] for title in titles]
    return {
        (field.name, cell)
        for row in rows
        for field, cell in zip(columns, row, strict=True)
        if field.type == "string" and field.name not in DATA and not is_ours(cell) and cell not in MADE_UP
    }


def test_no_cell_of_a_file_for_people_is_in_english(sent: tuple[Catalog, Path]) -> None:
    seen = set()
    for path in sorted(sent[1].rglob(f"*.{TAG}.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            stem = path.name.split(".")[0]
            assert forgotten(stem, next(rows), rows) == set(), path
            seen.add(stem)
    assert seen == {"scorecard", "causes", "findings", "rules", "commitments", "census", "corrections"}


def test_no_cell_of_a_workbook_is_in_english(sent: tuple[Catalog, Path]) -> None:
    folder = next(path.parent for path in sent[1].glob("republique*/findings.xlsx"))
    for path in sorted(folder.glob("*.xlsx")):
        book = load_workbook(path)
        stem = path.stem
        about = next(one for one in book.worksheets if one.title != stem)
        rows = ([str(cell.value or "") for cell in row] for row in book[stem].iter_rows())
        assert forgotten(stem, next(rows), rows) == set(), path
        said = [str(row[0].value) for row in about.iter_rows() if row[0].value]
        assert all(map(is_ours, said)) and len(said) > len(SENT[stem].column), path
        # Beside each column stands what it contains.
        names = {one.name for one in SENT[stem].column}
        meant = [str(row[2].value or "") for row in about.iter_rows() if row[1].value in names]
        assert len(meant) == len(names) and all(WRAPPED.search(one) for one in meant), path
        assert "⟦" in book[stem].oddFooter.left.text and "⟦" in book[stem].oddFooter.right.text


class Texts(HTMLParser):
    """The texts of a page with the attributes that are shown, but for those of links, which are names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br"):
            self._inside.append(tag)
        self.texts += [value or "" for name, value in attrs if name in ("data-label", "title", "alt", "aria-label")]

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not {"a", "style"} & set(self._inside) and data.strip():
            self.texts.append(data.strip())


def test_no_text_of_a_page_is_in_english_and_it_names_the_files_of_its_language(sent: tuple[Catalog, Path]) -> None:
    catalog, out = sent
    known = {str(row["title"]) for row in catalog.rows("select title from datasets")}
    for path in sorted(out.rglob("report.html")):
        page = path.read_text("utf-8")
        left = [text.strip(", ") for text in Texts(page).texts if not is_ours(text)]
        ours = [text for text in left if text not in known and not re.fullmatch(r"\(?[a-z_0-9]+(: [\w-]+)?[;)]?", text)]
        ours = [text for text in ours if not re.fullmatch(r"\d+ \w+ \d{4}", text)]
        days = {day for text in Texts(page).texts for day in ISO_DAY.findall(text)}
        assert days <= {"2026-12-31"}, "a day to answer with, which programs read"
        # Names of governments, portals and those who lead a commitment.
        names = {name for one in PORTALS for name in (one.title, one.government)} | {"Trésor"}
        assert [text for text in ours if text not in names] == [], path
        if path.parent != out:
            assert f'href="findings.{TAG}.csv"' in page and f'href="causes.{TAG}.csv"' in page
            assert f'href="census.{TAG}.csv"' in page and "⟦Key datasets⟧" in page


def a_letter(catalog: Catalog) -> Letter:
    """A letter that has everything to tell."""
    run_id = catalog.latest_run() or ""
    first = next(letters(catalog, run_id, "mail"))
    causes = list(cause_rows(catalog, run_id, government=first.government))[:2]
    findings = [*islice(finding_rows(catalog, run_id, government=first.government), 3)]
    new = [{name: one[name] for name in ("rule_id", "field", "how_to_fix", "resource_url")} for one in findings]
    new = [{**one, "title": None} for one in new]
    wrong = {"observed_before": "declared CSV, served XLSX", "first_seen_run": RUNS[0], "reason": "dispute"}
    return replace(
        first, since_run=RUNS[0], new=new, new_count=30, fixed_count=1, personal=findings[:1],
        withdrawn=[{**new[0], **wrong, "score_before": 40.5, "score_after": 60.25}], withdrawn_count=2,
        overdue=[{**new[0], "promised_on": "2026-11-02"}], overdue_count=1,
        held=HeldNews(date(2026, 12, 4), causes, findings, 5), method=MethodChange(run_id, "2.0.0", "2.1.0", 1, 2),
    )  # fmt: skip


SENDER = LetterSender(
    SmtpServer("127.0.0.1", 25, "winnow@example.org"),
    Operator(
        name="Watch", reason="We look.", imprint="Ring 1", how_to_stop="Say stop.",
        texts={"en": OperatorTexts(reason="⟦We look.⟧", imprint="⟦Ring 1⟧", how_to_stop="⟦Say stop.⟧")},
    ),
)  # fmt: skip


def test_no_line_of_a_letter_is_in_english(sent: tuple[Catalog, Path], pseudo: Language) -> None:
    catalog, out = sent
    whole = replace(a_letter(catalog), language=TAG)
    first = next(letters(catalog, catalog.latest_run() or "", "mail"))
    assert first.since_run is None
    for letter in (whole, replace(first, language=TAG)):
        text = text_of(Mailing((letter,)), out, SENDER, "t-1")
        lines = text.splitlines()
        assert len(lines) > 20 and [line for line in lines if line and not is_ours(line)] == []
        # A day to answer with is an example of what programs read.
        assert [line for line in lines if ISO_DAY.search(line) and "2026-12-31" not in line] == []
    assert "04 December 2026" in text_of(Mailing((whole,)), out, SENDER, "t-1")
    for code in ("en", "fr"):
        # An operator who says nothing in the language is not left out.
        assert "We look." in text_of(Mailing((replace(whole, language=code),)), out, SENDER, "t-1")


def test_files_that_are_in_no_folder_have_a_copy_in_the_language(sent: tuple[Catalog, Path], pseudo: Language) -> None:
    catalog, out = sent
    mailing = Mailing((replace(a_letter(catalog), language=TAG),))
    files = {name: content for name, content, _ in attached(mailing, out)[0]}
    for name, stem in (("held-causes", "causes"), ("held-findings", "findings"), ("personal", "findings")):
        assert f"{name}.csv" in files
        rows = csv.reader(files[f"{name}.{TAG}.csv"].decode("utf-8-sig").splitlines())
        assert forgotten(stem, next(rows), rows) == set(), name
        assert f"{name}.{TAG}.csv" in text_of(mailing, out, SENDER, "t-1")
    copies = {
        f"{stem}.{TAG}.csv" for stem in ("scorecard", "causes", "findings", "rules", "commitments", "corrections")
    }
    assert copies <= set(files)


def test_a_letter_with_nothing_but_corrections_is_a_letter_of_corrections(
    sent: tuple[Catalog, Path], pseudo: Language
) -> None:
    catalog, out = sent
    news = {"new": (), "new_count": 0, "fixed_count": 0, "overdue": (), "overdue_count": 0}
    letter = replace(a_letter(catalog), language=TAG, **news, held=None, method=None, personal=())  # type: ignore[arg-type]
    assert letter.is_correction and not a_letter(catalog).is_correction
    mailing = Mailing((letter,))
    mail = mail_of(mailing, out, SENDER, "t-1")
    assert "what we had said wrongly" in mail["Subject"]
    lines = text_of(mailing, out, SENDER, "t-1").splitlines()
    assert [line for line in lines if line and not is_ours(line)] == []
    text = "\n".join(lines)
    # What was said, since when, what it did to the score; how to stop. Nothing to answer, no advice.
    assert "XLSX" in text and "20 November 2026" in text and "40,5" in text.replace(".", ",") and "Say stop" in text
    assert pseudo.phrase("answer_fixed") not in text and pseudo.phrase("mail_top") not in text
    names = {name for name, _, _ in attached(mailing, out)[0]}
    assert names == {"scorecard.csv", f"scorecard.{TAG}.csv", "corrections.csv", f"corrections.{TAG}.csv"}


def test_everything_that_can_be_observed_is_said_in_every_language() -> None:
    """All subjects by which the digest of the methodology asks each metric, in the words of a finding."""
    said, english = 0, set()
    for metric in metrics().values():
        sentence = sentence_of(metric.id)
        if sentence is None or not (metric.weight or metric.reported):
            continue
        group = "dataset" if metric.subject == "dataset" else "distribution"
        for subject, value in zip(asked(group), measured(metric.id), strict=True):
            if isinstance(value, int | float) and value < 1:
                text = sentence(subject)
                said += 1
                english |= {
                    (code, text) for code in ("fr", "es", "pt-PT", "pt-BR") if language(code).said(text) == text
                }
    # "No" is Spanish too.
    assert said > 1_000 and {one for one in english if one != ("es", "no")} == set()


def test_a_defect_of_a_table_is_said_by_its_rule_with_the_names_that_it_has() -> None:
    french = language("fr")
    kind = "This looks like a table of the kind 'transport stops', but no column seems to contain"
    assert french.said(f"{kind}: stop name or common name.", "missing_column: x") == (
        "Cela ressemble à une table de ce genre : arrêts de transport ; mais aucune colonne ne semble contenir : "
        "nom de l'arrêt ou nom usuel, la table ne peut donc pas être comparée à d'autres de son genre."
    )
    # Words of an earlier version, which no language has, are said by their rule.
    assert french.said("We miss a column 'a' of 'b'.", "missing_column: x") == (
        "Il manque une colonne dont les tables de ce genre ont besoin (a, b), la table ne peut donc pas être comparée "
        "à d'autres de son genre."
    )
    assert all(rule.id in french.defects for rule in table_rules().values())
    cell = translator(french)
    field = {one.name: one for one in SENT["findings"].column}
    row = {
        "rule_id": "personal_id",
        "rule_title": "?",
        "field": "personal_id: a",
        "observed": "Found.",
        "state": "open",
    }
    assert cell(field["rule_title"], row) == french.defects["personal_id"]
    assert cell(field["state"], row) == french.value("state", "open")
