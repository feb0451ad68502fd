"""Show scores on the terminal: what a metric means, how a total is made up, and where systems disagree."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from specs.metrics import dimensions, metrics

if TYPE_CHECKING:
    from catalog.db.store import Catalog
    from quality.systems.explain import Explanation

__all__ = ["show_comparison_of_dataset", "show_comparison_of_portal", "show_explanation", "show_metric"]


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160)


def printable(text: str) -> str:
    """Return ``text`` with every character that is not printable replaced by U+FFFD, so that text from portals cannot
    send control codes to the terminal or reverse the direction of writing."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def show_metric(name: str) -> bool:
    """Print the question, weight, source and fix of the metric with the id ``name``. Return False, and print nothing,
    if there is no such metric."""
    metric = metrics().get(name)
    if metric is None:
        return False
    console = _console()
    share = sum(m.weight for m in metrics().values() if m.dimension == metric.dimension)
    console.print(f"[bold]{metric.id}[/bold]: {escape(metric.question)}")
    console.print(f"asked of each {metric.subject}; dimension {metric.dimension}", end="")
    points = dimensions()[metric.dimension].weight * metric.weight / share
    console.print(f", up to {points:.1f} of 100 points" if metric.weight else ", of no weight in the Winnow score")
    lines = [
        ("why", metric.rationale),
        ("why so much", metric.weighs),
        ("source", metric.source),
        ("fix", metric.fix),
    ]
    for label, value in lines:
        if value:
            console.print(f"{label}: {escape(value)}")
    return True


def show_explanation(title: str | None, source: str | None, found: Explanation, *, as_json: bool) -> None:
    """Print how the score of one dataset is made up: one row for each metric, with points and evidence, then every fix
    that gains points, the highest gain first.

    ``title`` is the dataset's title and ``source`` the address of its record; None if unknown. ``found`` is the
    explanation; ``as_json`` prints it as JSON.
    """
    if as_json:
        print(json.dumps({"title": title, "record": source, **asdict(found)}, ensure_ascii=False, indent=1))  # noqa: T201
        return
    console = _console()
    console.print(f"[bold]{escape(printable(title or '(without a title)'))}[/bold]")
    if source:
        console.print(f"record: {source}", markup=False, highlight=False)
    value = "not known" if found.total is None else f"{found.total:.4g}"
    band = f", {found.band}" if found.band else ""
    bounds = f"from {found.low:.4g} (all unknown failed) to {found.high:.4g} (all unknown passed)"
    console.print(f"{escape(found.title)}, version {found.version}: {value} of {found.maximum:g}{band}; {bounds}")
    if found.note:
        console.print(escape(found.note), style="dim")
    table = Table()
    for column in ("", "metric", "answer", "evidence", "points", "of", "fixing brings"):
        is_number = column in ("points", "of", "fixing brings")
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for line in found.lines:
        brings = f"+{line.brings:.2f}" if line.brings > 0 else ""
        table.add_row(
            escape(line.name), line.metric, line.answer, escape(printable(line.evidence)), f"{line.points:.2f}",
            f"{line.possible:.2f}", brings,
        )  # fmt: skip
    console.print(table)
    fixed = sorted((line for line in found.lines if line.brings > 0), key=lambda line: -line.brings)
    for line in fixed:
        console.print(f"+{line.brings:.2f}: {escape(line.fix)}", highlight=False)


def show_comparison_of_dataset(catalog: Catalog, dataset_id: str, *, as_json: bool) -> None:
    """Print the score of the dataset ``dataset_id`` in ``catalog`` under each scoring system, as a table or, with
    ``as_json``, as JSON."""
    from catalog.repositories.quality_rows import quality_row
    from quality.systems.agreement import side_by_side

    row = quality_row(catalog, dataset_id) or {}
    found = side_by_side(row)
    if as_json:
        names = ("system", "value", "maximum", "band")
        print(json.dumps([dict(zip(names, one, strict=True)) for one in found], indent=1))  # noqa: T201
        return
    table = Table("system", "value", "of", "percent", "band", "Open Definition")
    for name, value, maximum, band in found:
        shown = "not known" if value is None else f"{value:.4g}"
        percent = "" if value is None else f"{100 * value / maximum:.0f}"
        verdict = (row["open_definition"] or "").replace("_", " ") if name == "winnow" else ""
        table.add_row(name, shown, f"{maximum:g}", percent, band or "", verdict)
    _console().print(table)


def show_comparison_of_portal(catalog: Catalog, portal_id: str, pair: tuple[str, str], *, as_json: bool) -> None:
    """Print the rank correlations between scoring systems over the datasets of the portal ``portal_id``, and the
    datasets on which the two systems in ``pair`` (ids) disagree most, as a table or as JSON."""
    from catalog.repositories.quality_rows import agreement_rows
    from quality.systems.agreement import disagreements

    rows = agreement_rows(catalog, portal_id)
    far = disagreements(catalog, portal_id, *pair)
    if as_json:
        print(json.dumps({"agreement": rows, "pair": pair, "farthest": [asdict(one) for one in far]}, indent=1))  # noqa: T201
        return
    console = _console()
    table = Table("system", "and system", "datasets", "Spearman", "Kendall")
    for row in rows:
        numbers = [("" if row[name] is None else f"{row[name]:.2f}") for name in ("spearman", "kendall")]
        table.add_row(row["system_a"], row["system_b"], str(row["datasets"]), *numbers)
    console.print(table)
    console.print(
        f"Farthest apart under {pair[0]} and {pair[1]} (place among the portal's datasets, 0 lowest, 100 highest):"
    )
    for one in far:
        console.print(
            f"{one.rank_a:.0f} and {one.rank_b:.0f}: {printable(one.title or one.dataset_id)} ({one.dataset_id})",
            markup=False,
        )
        for reason in one.reasons:
            console.print(f"    {reason}", markup=False, highlight=False)
