"""``winnow.prom``: the figures of the last run for node_exporter's textfile collector (text format 0.0.4)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog, started

__all__ = ["write_prometheus"]

_BY_PORTAL = {
    "datasets": "Datasets present.",
    "distributions": "Distributions present.",
    "score": "Winnow score, 0 to 100.",
    "findings_open": "Findings open, new ones included.",
    "findings_new": "Findings new in the run.",
    "findings_fixed": "Findings fixed since the run before.",
    "errors": "Harvest errors of the run.",
}


def write_prometheus(catalog: Catalog, run_id: str, summary: Mapping[str, Any], path: Path) -> Path:
    """Write the figures of a run as a Prometheus text file, and return its path.

    ``summary``: the result of :func:`catalog.repositories.runs.run_summary`. The file is written under another name
    first, so that it is never half written, and everybody may read it. Figures without a value, such as the end of a
    run that has not ended, are left out.
    """
    lines: list[str] = []
    _add(
        lines, "run_started_seconds", "Start of the last run, seconds since 1970.", [({}, started(run_id).timestamp())]
    )
    finished = catalog.value("select finished_at from runs where id = ?", [run_id])
    if finished:
        at = datetime.fromisoformat(finished).timestamp()
        _add(lines, "run_finished_seconds", "End of the last run, seconds since 1970.", [({}, at)])
    portals = summary["portals"]
    whole = [
        ({"portal": one["portal"]}, float(one["verdict"] == "complete" and not one["gates_failed"])) for one in portals
    ]
    _add(lines, "harvest_complete", "1 where the portal was read whole in the run.", whole)
    for name, text in _BY_PORTAL.items():
        values = [({"portal": one["portal"]}, one[name]) for one in portals if one[name] is not None]
        _add(lines, name, text, values)
    answers = [({"outcome": name}, count) for name, count in summary["checks"].items()]
    _add(lines, "resource_checks", "Addresses asked in the run, by outcome.", answers)
    _add(lines, "checks_carried_over", "Addresses left for the next run.", [({}, summary["checks_carried_over"])])
    for name in ("requests", "bytes"):
        spent = [({"stage": stage}, count) for stage, count in summary["traffic"][name].items()]
        _add(lines, f"traffic_{name}", f"What the run cost: {name}.", spent)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    part.chmod(0o644)
    part.replace(path)
    return path


def _add(lines: list[str], name: str, text: str, values: list[tuple[dict[str, str], float]]) -> None:
    if not values:
        return
    lines += [f"# HELP winnow_{name} {text}", f"# TYPE winnow_{name} gauge"]
    for labels, value in values:
        inner = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        lines.append(f"winnow_{name}{{{inner}}} {float(value):.15g}" if inner else f"winnow_{name} {float(value):.15g}")


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
