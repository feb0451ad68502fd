"""Measure the scan of whole tables, compared with frictionless and a DuckDB scan of all cells, in CPU seconds of one
run.

    python bench/tables.py [MB ...]            # 100, 10 and 0.02 (many small files) by default
    python bench/tables.py --folder FOLDER     # the CSV files of a folder
    python bench/tables.py --look              # the whole look into a table of 100 KB and of 1 MB, with expectations

Each case runs in a process of its own; imports are not counted, and the file is in the page cache. Medians of three.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from generate import write_table


def winnow(paths: list[Path]) -> Callable[[], int]:
    """Do what Winnow does except Great Expectations: encoding, dialect, structure, types, profile, SHA-256."""
    from quality.tables.judge.defects import column_defects, header_defects, row_defects
    from quality.tables.read.delimited_text import open_text, scan_text
    from quality.tables.read.header_lines import header_lines_of
    from quality.tables.read.text_table import TextTable
    from quality.tables.scan.profile import profile_of

    def run() -> int:
        found = 0
        for path in paths:
            opened = open_text(path)
            assert opened is not None
            names = TextTable(opened.header, opened.header_line, [], []).names
            scan, _ = scan_text(path, opened)
            profile = profile_of(names, scan)
            defects = [
                *header_defects(opened.header, names, header_lines_of(opened)),
                *row_defects(profile),
                *column_defects(profile),
            ]
            profile.to_dict()
            found += sum(one.count for one in defects if one.rule in ("missing_cell", "extra_cell", "type_error"))
        return found

    return run


def frictionless(paths: list[Path]) -> Callable[[], int]:
    import frictionless as peer

    def run() -> int:
        found = 0
        for path in paths:
            report = peer.validate(path.name, basepath=str(path.parent))
            found += report.stats["errors"]
        return found

    return run


def duckdb(paths: list[Path]) -> Callable[[], int]:
    """Read and hash every cell as a string: the least that any scan of the file costs."""
    import duckdb as peer

    connection = peer.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    connection.execute("set threads = 1")

    def run() -> int:
        rows = 0
        for path in paths:
            # The benchmark reads only its own files.
            scan = f"read_csv('{path}', all_varchar = true, store_rejects = true, header = true)"
            columns = [row[0] for row in connection.execute(f"describe select * from {scan}").fetchall()]  # noqa: S608  # its own file
            hashes = ", ".join(f'bit_xor(hash("{name}"))' for name in columns)
            rows += connection.execute(f"select count(*), {hashes} from {scan}").fetchall()[0][0]  # noqa: S608
        return rows

    return run


CASES = {"winnow": winnow, "frictionless": frictionless, "duckdb": duckdb}


def measured(case: str, paths: list[Path]) -> None:
    run = CASES[case](paths)
    before = time.process_time()
    found = run()
    cpu = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(cpu, peak, found)


def child(case: str, paths: list[Path]) -> tuple[float, float, int]:
    done = subprocess.run(
        [sys.executable, __file__, "--case", case, *map(str, paths)], capture_output=True, text=True, check=True
    )
    cpu, peak, found = done.stdout.split()[-3:]
    return float(cpu), float(peak), int(found)


def compare(title: str, paths: list[Path], rounds: int = 3) -> None:
    size = sum(path.stat().st_size for path in paths)
    print(f"\n{title}: {len(paths)} file(s), {size / 1e6:.1f} MB")
    results: dict[str, list[tuple[float, float, int]]] = {case: [] for case in CASES}
    for round_number in range(rounds):
        for case in CASES:
            if case == "frictionless" and size > 5e7 and round_number:
                continue  # half a minute each
            results[case].append(child(case, paths))
    median = {case: statistics.median(cpu for cpu, _, _ in runs) for case, runs in results.items()}
    for case, runs in results.items():
        peak, found = max(peak for _, peak, _ in runs), runs[0][2]
        what = "rows" if case == "duckdb" else "defects"
        speed = size / 1e6 / median[case]
        print(f"  {case:13} {median[case]:8.3f} s CPU  {speed:8.1f} MB/s  {peak:5.0f} MB  {found:,} {what}")
    print(
        f"  winnow: {median['frictionless'] / median['winnow']:.1f} x frictionless, "
        f"{median['duckdb'] / median['winnow']:.2f} x the DuckDB scan"
    )


def whole_look() -> None:
    """Print what a whole look costs in a warm process, as in the pool: CPU milliseconds a table, median of 20."""
    from catalog.model import TableContext
    from quality.tables.inspect import inspect

    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as name:
        for size in (0.1, 1):
            spent = []
            for seed in range(23):
                path = Path(name) / f"{seed}.csv"
                write_table(path, size * 1e6, seed=seed, bad_every=500)
                started = time.process_time()
                report = inspect(TableContext(path=path, declared_format="CSV", file_name=path.name))
                spent.append((time.process_time() - started) * 1000)
                assert report.status == "valid" and report.expectations_passed == report.expectations_total
            used = "loaded" if "great_expectations" in sys.modules else "not loaded"
            print(f"  {size:4g} MB {statistics.median(spent[3:]):8.1f} ms CPU a table; Great Expectations {used}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=float, default=[100, 10, 0.02])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--case")
    if "--case" in sys.argv:
        measured(sys.argv[2], [Path(name) for name in sys.argv[3:]])
        return
    parser.add_argument("--look", action="store_true")
    chosen = parser.parse_args()
    if chosen.look:
        whole_look()
        return
    if chosen.folder:
        compare(str(chosen.folder), sorted(chosen.folder.glob("*.csv")))
        return
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as name:
        for size in chosen.sizes:
            paths = [Path(name) / f"{size:g}-{number}.csv" for number in range(100 if size < 1 else 1)]
            for seed, path in enumerate(paths, start=1):
                write_table(path, size * 1e6, seed=seed, bad_every=20_000 if size >= 1 else 50)
            compare(f"{size:g} MB", paths)
            for path in paths:
                path.unlink()


if __name__ == "__main__":
    main()
