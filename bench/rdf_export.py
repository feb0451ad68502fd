"""Measure the catalogue as RDF: the first syntax, each further one in the same pass, and a run without changes.

    python bench/rdf_export.py DATA [OTHER]

``DATA`` is a data folder with a harvested catalogue, such as one of real records; it is copied and not changed. It is
measured as it is, and with so few files of each dataset that there are 3.3 on average. ``OTHER`` is another checkout,
such as that of a commit before: it writes its ``catalog.nt`` of the same catalogues in the same run. Printed are CPU
milliseconds (user and system, of one process) for each dataset, peak memory and bytes.
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
FILES = 3.3
_BEGIN = """
import json, resource, sys, time
from pathlib import Path
from catalog.db.store import open_catalog
data = Path(sys.argv[1])
with open_catalog(data / "catalog.db") as catalog:
    counts = [catalog.value(f"select count(*) from {table}") for table in ("present_datasets", "current_distributions")]
    out = data / "exports"
    out.mkdir(exist_ok=True)
"""
_END = """
    print(json.dumps({"cpu": spent, "datasets": counts[0], "files": counts[1],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
"""
_THIS = (
    _BEGIN
    + """
    from catalog.exports.job import ExportJob
    from catalog.exports.options import ExportOptions
    from catalog.exports.rdf_files import SYNTAXES, RdfFiles
    job = ExportJob(catalog, "x", out, ExportOptions(site_url="https://data.example.org"), {out: ""})
    files = RdfFiles()
    files.syntaxes = SYNTAXES[: int(sys.argv[2])]
    begun = time.process_time()
    files.write(job)
    spent = time.process_time() - begun
    job.parts.write()
"""
    + _END
)
_OTHER = (
    _BEGIN
    + """
    from catalog.exports.dcat import export_rdf
    begun = time.process_time()
    export_rdf(catalog, "x", out)
    spent = time.process_time() - begun
"""
    + _END
)
_FEWER = """
import sys
from pathlib import Path
from catalog.db.store import open_catalog
with open_catalog(Path(sys.argv[1])) as catalog:
    db = catalog.db.conn
    while len(sys.argv) > 2:
        count = db.execute("select count(*) from present_datasets").fetchone()[0]
        rows = db.execute("select position, count(*) from current_distributions group by 1 order by 1").fetchall()
        room, kept = float(sys.argv[2]) * count, None
        for position, number in rows:
            room -= number
            if room < 0:
                kept = position
                break
        if kept is not None:
            db.execute("delete from distribution_rows where position > ?", [kept])
            db.execute("delete from distribution_rows where position = ? and dataset_id % 100 >= ?",
                [kept, 100 * (1 + room / number)])
        break
    db.commit()
"""


def _run(code: Path, script: str, *arguments: str) -> str:
    command = [sys.executable, "-c", script, *arguments]
    env = {**os.environ, "PYTHONPATH": str(code)}
    done = subprocess.run(command, cwd=code, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def measure(code: Path, script: str, data: Path, *arguments: str) -> dict[str, Any]:
    """Write the files once in a process of its own, with the packages of the folder ``code``."""
    found: dict[str, Any] = json.loads(_run(code, script, str(data), *arguments))
    size = sum(path.stat().st_size for path in (data / "exports").rglob("*") if path.is_file())
    return found | {"ms": found["cpu"] / found["datasets"] * 1000, "megabytes": size / 1e6}


def show(name: str, found: dict[str, Any]) -> None:
    print(f"  {name:34} {found['ms']:7.3f} ms a dataset {found['peak_mb']:5} MB memory {found['megabytes']:8.1f} MB")


def main(data: Path, other: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as place:
        for name, chosen in (("few", [str(FILES)]), ("all", [])):
            copies = {}
            for kind, code in (("other", other), ("first", HERE), ("both", HERE)):
                if code is not None:
                    copies[kind] = folder = Path(place) / f"{name}-{kind}"
                    folder.mkdir()
                    shutil.copy(data / "catalog.db", folder / "catalog.db")
                    # Migrates the copy too, which is no part of an export.
                    _run(code, _FEWER, str(folder / "catalog.db"), *chosen)
            first = measure(HERE, _THIS, copies["first"], "1")
            print(f"{first['datasets']:,} datasets, {first['files'] / first['datasets']:.1f} files each")
            if other is not None:
                show("other checkout, catalog.nt", measure(other, _OTHER, copies["other"]))
            show("N-Quads", first)
            both = measure(HERE, _THIS, copies["both"], "2")
            show("N-Quads and Turtle", both)
            print(f"  Turtle adds {(both['ms'] - first['ms']) * 100:.1f} s for 100,000 datasets")
            show("the same, without changes", measure(HERE, _THIS, copies["both"], "2"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
