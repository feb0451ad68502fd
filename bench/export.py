"""Measure the export of a scored catalogue: the first one, the same run again, and a new run in which nothing changed.

    python bench/export.py DATA [OTHER]

``DATA`` is a data folder with a catalogue that was harvested and scored, for example by ``bench/nation.py``; it is
copied and not changed. ``OTHER`` is another checkout, such as that of the commit before: it makes the first and the
second export in the same run, and the ratio is printed. It needs a catalogue that it can open; ``DATA`` is migrated
only in the copy. Printed are CPU seconds (user and system, of one process), peak memory, bytes and files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
_EXPORT = """
import json, resource, sys, time
from pathlib import Path
from catalog.db.store import open_catalog
from catalog.exports import export_all
from catalog.exports.manifest import seal
data, is_new_run = Path(sys.argv[1]), sys.argv[2] == "new"
with open_catalog(data / "catalog.db") as catalog:
    run_id = catalog.latest_run()
    if is_new_run:
        before, run_id = run_id, "2099" + run_id[4:]
        db = catalog.db.conn
        names = [row[1] for row in db.execute("pragma table_info(runs)")]
        told = ", ".join("?" if name == "id" else name for name in names)
        db.execute(f"insert into runs select {told} from runs where id = ?", [run_id, before])
        for table in ("harvests", "score_history"):
            names = [row[1] for row in db.execute(f"pragma table_info({table})")]
            told = ", ".join({"id": "? || id", "run_id": "?"}.get(name, name) for name in names)
            db.execute(f"insert into {table} select {told} from {table} where run_id = ?", ["2099", run_id, before])
        db.execute("update finding_rows set state = 'open' where state = 'new'")
        db.commit()
    begun = time.process_time()
    export_all(catalog, run_id, data / "exports")
    exported = time.process_time() - begun
    seal(catalog, run_id, data)
    sealed = time.process_time() - begun - exported
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"export": exported, "seal": sealed, "peak_mb": peak}))
"""


def measure(code: Path, data: Path, kind: str = "same") -> dict[str, Any]:
    """Export once in a process of its own, with the packages of the folder ``code``."""
    command = [sys.executable, "-c", _EXPORT, str(data), kind]
    done = subprocess.run(
        command, cwd=code, env={**os.environ, "PYTHONPATH": str(code)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    paths = [path for path in (data / "exports").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in paths)
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"megabytes": size / 1e6, "files": len(paths)}


def show(name: str, found: dict[str, Any]) -> None:
    print(
        f"{name:28} {found['export']:8.2f} s  seal {found['seal']:6.2f} s  {found['peak_mb']:5} MB memory"
        f"  {found['megabytes']:8.1f} MB  {found['files']:6} files"
    )


def copied(data: Path, folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(data / "catalog.db", folder / "catalog.db")
    return folder


def main(data: Path, other: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as place:
        before = None
        if other is not None:
            folder = copied(data, Path(place) / "other")
            before = measure(other, folder)
            show("other checkout, first", before)
            show("other checkout, again", measure(other, folder))
            shutil.rmtree(folder)
        folder = copied(data, Path(place) / "this")
        # Migrates the copy, which is no part of an export.
        subprocess.run(
            [sys.executable, "-c", "import sys; from pathlib import Path; from catalog.db.store import open_catalog;"
             "open_catalog(Path(sys.argv[1])).close()", str(folder / "catalog.db")],
            cwd=HERE, env={**os.environ, "PYTHONPATH": str(HERE)}, check=True,
        )  # fmt: skip
        first = measure(HERE, folder)
        show("first", first)
        show("the same run again", measure(HERE, folder))
        show("a run without changes", measure(HERE, folder, "new"))
        if before:
            print(
                f"first, beside the other: {before['export'] / first['export']:.1f} x as fast, "
                f"{before['megabytes'] / first['megabytes']:.1f} x as small"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
