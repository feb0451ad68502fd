"""Measure how well defects of tables are recognised, for each kind: precision, recall, and confusions.

    python bench/defects.py [FILES A KIND] [--manifest frictionless/manifest.json]

The truth is known because the tables are generated: clean ones as offices of four countries write them, each spoiled in
one way. ``--manifest`` adds frictionless' own cases, where frictionless' errors are the truth.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from catalog.model import TableContext
from quality.tables.inspect import inspect
from quality.tables.read.delimited_text import open_text
from tests.quality.tables.dirt import SPOILERS, Sheet, clean_tables, spoiled_tables

FOLLOWS = {
    # A defect that always comes with the wanted one is no false alarm.
    "no_header": {"blank_column_name", "duplicate_column"},
    "unclosed_quote": {"missing_cell", "extra_cell", "type_error", "padded_cell"},
    "several_tables": {"blank_row", "type_error"},
}
NAMES = {"blank-label": "blank_column_name", "duplicate-label": "duplicate_column", "source-error": "empty_file"}
NEVER_SAID = {"missing-label", "incorrect-label", "type-error", "extra-label", "unmatched-header"}


def rules_of(path: Path) -> set[str]:
    report = inspect(TableContext(path=path, declared_format="CSV"))
    return {defect.rule for defect in report.defects}


def right_dialect(path: Path, sheet: Sheet) -> tuple[bool, bool]:
    opened = open_text(path)
    if opened is None:
        return False, False
    wanted = sheet.encoding.removesuffix("-sig").replace("cp125", "windows-125")
    # Pure ASCII is valid in all of these encodings.
    data = path.read_bytes()
    is_right = opened.encoding.name == wanted or (data.isascii() and opened.encoding.name == "utf-8")
    same_text = data.decode(opened.encoding.codec, "replace") == data.decode(sheet.encoding, "replace")
    return is_right or same_text, opened.dialect.delimiter == sheet.delimiter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="?", type=int, default=20)
    parser.add_argument("--manifest", type=Path)
    chosen = parser.parse_args()
    hit: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    false: dict[str, Counter[str]] = defaultdict(Counter)
    encodings = delimiters = total = 0
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as name:
        path = Path(name) / "table.csv"
        cases = [*(("clean", sheet) for sheet in clean_tables(5 * chosen.files)), *spoiled_tables(chosen.files)]
        for truth, sheet in cases:
            path.write_bytes(sheet.to_bytes())
            found = rules_of(path)
            asked[truth] += 1
            hit[truth] += truth in found
            for rule in found - {truth} - FOLLOWS.get(truth, set()):
                false[rule][truth] += 1
            if truth not in ("encoding_error", "nul_byte", "no_rows"):
                encoding, delimiter = right_dialect(path, sheet)
                encodings, delimiters, total = encodings + encoding, delimiters + delimiter, total + 1
    print(
        f"{'kind':28} {'files':>5} {'recall':>7} {'precision':>9}  false alarms, in files that were spoiled otherwise"
    )
    for rule in sorted({*SPOILERS, *false}):
        alarms = sum(false[rule].values())
        recall = f"{hit[rule] / asked[rule]:7.2f}" if asked[rule] else "      -"
        precision = f"{hit[rule] / max(hit[rule] + alarms, 1):9.2f}"
        where = ", ".join(f"{count} {truth}" for truth, count in false[rule].most_common(6))
        print(f"{rule:28} {asked[rule]:5} {recall} {precision}  {where}")
    kinds = [rule for rule in SPOILERS if asked[rule]]
    print(f"\nmean recall {sum(hit[r] / asked[r] for r in kinds) / len(kinds):.3f}, ", end="")
    alarms = sum(sum(counts.values()) for counts in false.values())
    hits = sum(hit[rule] for rule in kinds)
    print(f"precision over all {hits / (hits + alarms):.3f}; clean files with an alarm: ", end="")
    print(sum(counts["clean"] for counts in false.values()), "of", asked["clean"])
    print(f"encoding right {encodings / total:.3f}, delimiter right {delimiters / total:.3f} of {total} files")
    if chosen.manifest:
        manifest(chosen.manifest)


def manifest(path: Path) -> None:
    """Print for each rule of frictionless' cases in how many files both report it, only frictionless, and only we."""
    both, theirs_only, ours_only = Counter[str](), Counter[str](), Counter[str]()
    for case in json.loads(path.read_text("utf-8"))["cases"]:
        if case.get("checks", "baseline") != "baseline":
            continue
        theirs = {NAMES.get(kind, kind.replace("-", "_")) for _, _, kind in case["errors"] if kind not in NEVER_SAID}
        known = {"blank_column_name", "duplicate_column", "blank_row", "extra_cell", "missing_cell", "empty_file"}
        ours = rules_of(path.parent / case["file"]) & known
        both.update(theirs & ours)
        theirs_only.update(theirs - ours)
        ours_only.update(ours - theirs)
    print("\nfrictionless' cases: rule, both, only they, only we")
    for rule in sorted({*both, *theirs_only, *ours_only}):
        print(f"  {rule:20} {both[rule]:3} {theirs_only[rule]:3} {ours_only[rule]:3}")


if __name__ == "__main__":
    main()
