"""Measure how often findings on tables are right, on real files that other people read and labelled.

    python bench/truth.py [--labels FOLDER ...] [--findings OUT] [--brief] [--frictionless] [--rules]

A folder contains ``files/`` and ``labels.jsonl``: for each file what is wrong with it (``true_defects``), what may or
may not be called wrong (``arguable``), and how it is written. One table says which rule corresponds to which kind of
fault, so that several folders can be added up. A finding is a rule in a column of a file. Printed are precision and
recall with 95 % Wilson intervals, by finding and by (file, kind), where no file counts for more than a tenth, and every
false accusation. ``--rules`` prints each rule alone, as a table in Markdown: a rule with a precision below 0.9 may only
be info and cost no points (``docs/reference/table_rules.md``). ``--findings`` writes what was found, one object a line
and file, in the form that the scorers of the folders read.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from catalog.model import TableContext
from quality.tables.messages import FAULT
from quality.tables.pool import InspectionPool

SHARED = Path(__file__).parents[2] / "shared"
FOLDERS = [SHARED / "tables-labelled", SHARED / "tables-statistics"]
LAYOUT = {"preamble", "footer", "totals_row", "several_tables", "merged_cells", "multi_row_header", "section_rows"}
HYGIENE = {"padded_cell", "untidy_column_name", "empty_column", "row_numbers", "mixed_line_ends"}
SILENT = {"not_looked_into", "expectation_not_checked", "schema_invalid", "nested_archive", "macros"}

SILENT |= {"layout_not_understood", "signs_of_no_value"}
KIND = {
    "extra_cell": "ragged_row",
    "missing_cell": "ragged_row",
    "duplicate_column": "duplicate_column_name",
    "number_with_unit": "numbers_with_unit",
    "nul_byte": "encoding_error",
    "personal_iban": "personal_id",
    "personal_birth_date": "personal_birth",
    "mixed_numbers": "mixed_types",
    "line_ends": "cr_line_ends",
    "cr_line_ends": "cr_line_ends",
    "quoted_lines": "whole_line_quoted",
    "header_in_several_rows": "multi_row_header",
    "unit_row": "multi_row_header",
    "html_instead_of_file": "wrong_content",
    "error_instead_of_file": "wrong_content",
}
"""Kind of label that a rule corresponds to, if its name differs."""
WHOLE_COLUMN = {
    "blank_column_name",
    "personal_email",
    "personal_phone",
    "personal_id",
    "numbers_with_unit",
    "number_as_text",
    "mixed_dates",
}


def kind_of(name: str) -> str:
    bare = name.partition(":")[2] if name.startswith("other:") else name.partition(":")[0]
    return KIND.get(bare, bare)


def class_of(kind: str) -> str:
    return "layout" if kind in LAYOUT else "hygiene" if kind in HYGIENE else "main"


def fold(text: object) -> str:
    return " ".join(unicodedata.normalize("NFKC", str(text)).split()).casefold()


@dataclass
class Label:
    kinds: set[str]
    main: str
    field: str | None
    lines: set[int]
    is_whole: bool
    """Whether ``lines`` are complete."""
    why: str

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Label:
        others = [*raw.get("or", ()), *raw.get("alt", ())]
        lines = set(raw.get("lines") or ())
        names = {kind_of(raw["kind"]), *map(kind_of, others)}
        main = kind_of(raw["kind"])
        return cls(names, main, raw.get("field"), lines, (raw.get("count") or 1) <= len(lines), raw.get("why") or "")


@dataclass
class Accuracy:
    """Of one folder: for each file and kind, findings right, false and arguable; labels found and missed."""

    right: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    false: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    arguable: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    found: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    missed: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    accusations: list[str] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    files: int = 0
    tables: int = 0
    declined: int = 0
    clean_accused: int = 0
    false_errors: int = 0
    by_rule: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Of each rule: findings "right", "false" and "arguable"."""

    def add(self, other: Accuracy) -> None:
        for name in ("right", "false", "arguable", "found", "missed", "by_rule"):
            for file, counts in getattr(other, name).items():
                getattr(self, name)[file].update(counts)
        for name in ("files", "tables", "declined", "clean_accused", "false_errors"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def fits(kind: str, finding: dict[str, Any], label: Label, is_header_same: bool) -> bool:
    if kind not in label.kinds:
        return False
    lines = set(finding["lines"])
    shared = lines & label.lines
    if label.field and finding["field"]:
        one, other = fold(label.field), fold(finding["field"])
        if not (one in other or other in one) and (is_header_same or not shared):
            return False
    if kind in WHOLE_COLUMN or kind != label.main or not lines or not label.is_whole:
        return True
    return 2 * len(shared) >= len(lines)


def scored(labels: list[dict[str, Any]], told: dict[str, dict[str, Any]], rules: set[str]) -> Accuracy:
    accuracy = Accuracy()
    for item in labels:
        file, answer = item["file"], told[item["file"]]
        accuracy.files += 1
        accuracy.tables += item.get("header_line") is not None
        accuracy.declined += any(one["rule"] == "layout_not_understood" for one in answer["defects"])
        wanted = [Label.of(one) for one in item["true_defects"]]
        doubtful = [Label.of(one) for one in item.get("arguable", ())]
        is_same = answer["header_line"] in [item.get("header_line"), *item.get("header_line_also", [])]
        hit, bad = set(), 0
        seen = set()
        for finding in answer["defects"]:
            kind = kind_of(finding["rule"])
            if finding["rule"] in SILENT or (kind, finding["field"]) in seen:
                continue
            seen.add((kind, finding["field"]))
            ours = [n for n, label in enumerate(wanted) if fits(kind, finding, label, is_same)]
            if ours:
                hit |= set(ours)
                accuracy.right[file][kind] += 1
                accuracy.by_rule[finding["rule"]]["right"] += 1
            elif kind == "multi_row_header" or any(fits(kind, finding, label, is_same) for label in doubtful):
                # A note about a header of several rows is advice, not a fault.
                accuracy.arguable[file][kind] += 1
                accuracy.by_rule[finding["rule"]]["arguable"] += 1
            else:
                accuracy.false[file][kind] += 1
                accuracy.by_rule[finding["rule"]]["false"] += 1
                bad += class_of(kind) == "main"
                accuracy.false_errors += finding["severity"] == "error"
                accuracy.accusations.append(
                    f"{finding['severity']:7} {finding['rule']:22} {file[:50]}: {finding['field']!r} "
                    f"x{finding['count']} at {finding['lines'][:6]}"
                )
        accuracy.clean_accused += bool(bad) and not any(class_of(one.main) == "main" for one in wanted)
        for n, label in enumerate(wanted):
            if n in hit:
                accuracy.found[file][label.main] += 1
            elif label.kinds & rules:
                accuracy.missed[file][label.main] += 1
                accuracy.misses.append(
                    f"{label.main:22} {file[:50]}: {label.field!r} {sorted(label.lines)[:4]} {label.why[:80]}"
                )
        accuracy.wrong += _structure(item, answer, is_same)
        if (answer.get("note") or "").startswith(FAULT):
            accuracy.wrong.append(f"{file[:50]}: {answer['note']}")
    return accuracy


def _structure(item: dict[str, Any], answer: dict[str, Any], is_same: bool) -> Iterator[str]:
    if item.get("header_line") is None:
        return
    file, sheet = item["file"][:50], answer.get("sheet")
    if sheet and item.get("sheet") and sheet != item["sheet"]:
        return
    if not is_same:
        yield f"{file}: header on line {answer['header_line']}, labelled {item['header_line']}"
    if item.get("delimiter") and item["delimiter"] != answer["delimiter"]:
        yield f"{file}: delimiter {answer['delimiter']!r}, labelled {item['delimiter']!r}"
    names = {_codec(one) for one in [item.get("encoding"), *item.get("encoding_also", [])] if one}
    if names and _codec(answer["encoding"]) not in names:
        yield f"{file}: encoding {answer['encoding']}, labelled {item['encoding']}"


def _codec(name: str | None) -> str:
    bare = (name or "").partition(" ")[0].lower().replace("-sig", "").replace("windows-125", "cp125")
    bare = {"us-ascii": "utf-8", "ascii": "utf-8", "iso8859-1": "cp1252", "utf-16le": "utf-16"}.get(bare, bare)
    return {"shift-jis": "cp932", "utf-16-le": "utf-16", "big5hkscs": "big5", "cp950": "big5"}.get(bare, bare)


def wilson(right: float, whole: float) -> str:
    if not whole:
        return "     -          "
    z, share = 1.96, right / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    spread = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return f"{share:6.3f} ({max(0.0, middle - spread):.2f}-{min(1.0, middle + spread):.2f})"


def capped(*sides: dict[str, int]) -> list[float]:
    """Return sums over the files in which no file counts for more than a tenth of all."""
    whole = {file: sum(side.get(file, 0) for side in sides) for file in set().union(*sides)}
    most = max(1.0, 0.1 * sum(whole.values()))
    return [sum(n * min(1.0, most / max(whole[file], 1)) for file, n in side.items()) for side in sides]


def show(name: str, accuracy: Accuracy, is_long: bool) -> None:
    print(
        f"\n== {name}: {accuracy.files} files, {accuracy.tables} tables; not understood: {accuracy.declined}; ",
        end="",
    )
    print(f"clean files accused {accuracy.clean_accused}; false errors {accuracy.false_errors}")
    for part in ("main", "layout", "hygiene"):

        def of(counts: dict[str, Counter[str]], by_kind: bool, part: str = part) -> dict[str, int]:
            return {
                file: sum(1 if by_kind else n for kind, n in kinds.items() if class_of(kind) == part)
                for file, kinds in counts.items()
            }

        for words, by_kind in (("by finding", False), ("by file and kind", True)):
            right, false = of(accuracy.right, by_kind), of(accuracy.false, by_kind)
            found, missed = of(accuracy.found, by_kind), of(accuracy.missed, by_kind)
            r, f = sum(right.values()), sum(false.values())
            h, m = sum(found.values()), sum(missed.values())
            a, b = capped(right, false)
            print(
                f"{part:8} {words:17} right {r:4} false {f:4} arguable {sum(of(accuracy.arguable, by_kind).values()):4}"
                f"  precision {wilson(r, r + f)}  capped {a / (a + b) if a + b else 0:.3f}"
                f" | missed {m:4} recall {wilson(h, h + m)}"
            )
    if is_long:
        for title, lines in (
            ("Structure", accuracy.wrong),
            ("False", accuracy.accusations),
            ("Missed", accuracy.misses),
        ):
            print(f"-- {title}: {len(lines)}")
            print("".join(f"   {line}\n" for line in lines), end="")


def show_rules(accuracy: Accuracy) -> None:
    """Print each rule that found anything, as a table in Markdown."""
    from quality.tables.judge.rules import severity_of
    from specs.table_rules import table_rules

    print("| rule | severity | points | right | false | arguable | precision |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, counts in sorted(accuracy.by_rule.items()):
        right, whole = counts["right"], counts["right"] + counts["false"]
        metric = table_rules()[name].metric if name in table_rules() else "table_expectations_met"
        share = f"{right / whole:.2f}" if whole else "–"
        print(
            f"| `{name}` | {severity_of(name)} | {'yes' if metric else 'no'} | {right} | {counts['false']} "
            f"| {counts['arguable']} | {share} |"
        )


def found_in(files: list[Path], today: date) -> Iterator[dict[str, Any]]:
    with InspectionPool(workers=2) as pool:
        tasks = (
            TableContext(
                key=str(path),
                path=path.resolve(),
                declared_format=path.suffix.lstrip(".").upper() or None,
                file_name=path.name,
                today=today,
            )
            for path in files
        )
        for key, report in pool.map(tasks):
            yield {
                "file": Path(key).name,
                "sheet": report.sheet,
                "status": report.status,
                "format": report.format,
                "encoding": report.encoding,
                "delimiter": report.delimiter,
                "header_line": report.header_row,
                "rows": report.row_count,
                "columns": report.column_count,
                "note": report.note,
                "elapsed_ms": report.elapsed_ms,
                "defects": [
                    {
                        "rule": one.rule,
                        "field": one.field,
                        "count": one.count,
                        "lines": list(one.rows),
                        "severity": one.severity,
                    }
                    for one in report.defects
                ],
            }


def by_frictionless(files: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield what frictionless, with its default settings, says about the files, for comparison."""
    from frictionless import validate

    rules = {"blank-label": "blank_column_name", "duplicate-label": "duplicate_column"}
    for path in files:
        try:
            report = validate(str(path), limit_errors=1000)
            errors = [error for task in report.tasks for error in task.errors]
        except Exception:  # noqa: BLE001  a checker that fails says nothing
            errors = []
        grouped: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        for error in errors:
            name = getattr(error, "field_name", None) if error.type == "type-error" else None
            line = getattr(error, "row_number", None)
            grouped[rules.get(error.type, error.type.replace("-", "_")), name] += [line] if line else []
        yield {
            "file": path.name,
            "header_line": None,
            "encoding": None,
            "delimiter": None,
            "defects": [
                {"rule": rule, "field": name, "count": len(lines), "lines": lines[:10], "severity": "error"}
                for (rule, name), lines in grouped.items()
            ],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, nargs="+", default=FOLDERS)
    parser.add_argument("--findings", type=Path)
    parser.add_argument("--brief", action="store_true", help="only the figures")
    parser.add_argument("--frictionless", action="store_true")
    parser.add_argument("--rules", action="store_true", help="each rule alone, of all folders together")
    chosen = parser.parse_args()
    from specs.table_rules import table_rules

    rules = {kind_of(name) for name in table_rules()}
    pool, written = Accuracy(), []
    for folder in chosen.labels:
        labels = [
            json.loads(line) for line in (folder / "labels.jsonl").read_text("utf-8").splitlines() if line.strip()
        ]
        files = [folder / "files" / item["file"] for item in labels]
        answers = list(by_frictionless(files) if chosen.frictionless else found_in(files, date(2026, 11, 30)))
        written += answers
        accuracy = scored(labels, {one["file"]: one for one in answers}, rules)
        pool.add(accuracy)
        if not chosen.rules:
            show(folder.name, accuracy, not chosen.brief)
    if chosen.rules:
        show_rules(pool)
    else:
        show("pooled", pool, is_long=False)
    if chosen.findings:
        chosen.findings.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in written), "utf-8")


if __name__ == "__main__":
    main()
