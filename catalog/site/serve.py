"""Publishing the catalogue: a copy that does not change, opened in Datasette."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

from catalog.site.metadata import metadata

__all__ = ["SETTINGS", "STATIC", "TEMPLATES", "datasette_command", "publish"]

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
SETTINGS = {
    # Suggested facets are 95 % of the cost of a table page.
    "suggest_facets": "off",
    "sql_time_limit_ms": "2000",
    "default_page_size": "50",
    "max_returned_rows": "2000",
}


def publish(source: Path, target: Path) -> Path:
    """Copy the catalogue to ``target``, whole and without its log; readers of the old copy keep it.

    Raises sqlite3.Error where the copy cannot be written; the old copy then stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    connection = sqlite3.connect(source)
    try:
        connection.execute("vacuum into ?", [str(part)])
    finally:
        connection.close()
    part.replace(target)
    (target.parent / "metadata.json").write_text(json.dumps(metadata(), indent=1), "utf-8")
    return target


def datasette_command(public: Path, *, port: int, host: str = "127.0.0.1") -> list[str]:
    """The command that serves the public copy."""
    described = public.parent / "metadata.json"
    described.write_text(json.dumps(metadata(), indent=1), "utf-8")
    settings = [word for name, value in SETTINGS.items() for word in ("--setting", name, value)]
    command = [sys.executable, "-m", "datasette", "serve", "--immutable", str(public), "--metadata", str(described)]
    command += ["--template-dir", str(TEMPLATES), "--static", f"-/winnow:{STATIC}"]
    return [*command, "--host", host, "--port", str(port), *settings]
