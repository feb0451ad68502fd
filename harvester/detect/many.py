"""Detect a list of addresses; an interrupted list can be continued."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from urllib.parse import urlsplit

from harvester.detect import DetectionReport, detect
from specs.errors import SpecError
from specs.portals.registries import MAX_CELL

__all__ = ["COLUMNS", "addresses", "detect_all"]

AT_ONCE = 8
"""Sites examined at the same time."""
COLUMNS = ("address", "type", "url", "confidence", "datasets", "evidence", "others", "asked", "fault")


def addresses(path: Path) -> list[str]:
    """Read the addresses to examine from ``path``, a CSV or text file, and return each once, in file order.

    They come from the column named url, link, address, site or homepage. Without such a column they come from the first
    one with a cell that contains a dot, else from the first column. Cells without a dot are skipped. Raise SpecError if
    the file cannot be read or holds no address.
    """
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror or error}") from error
    first = text.partition("\n")[0]
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=max(",;\t", key=first.count)))
        if any(len(cell) > MAX_CELL for row in rows for cell in row):
            raise csv.Error(f"a cell has more than {MAX_CELL:,} characters")
    except csv.Error as error:
        raise SpecError(f"{path}: not a table that can be read: {error}") from error
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    named = next(
        (header.index(name) for name in ("url", "link", "address", "site", "homepage") if name in header), None
    )
    if named is None:
        named = next((n for n in range(len(header)) if any("." in row[n] for row in rows[1:] if len(row) > n)), 0)
    body = rows[1:] if rows and "." not in (rows[0][named] if len(rows[0]) > named else "") else rows
    found = [row[named].strip() for row in body if len(row) > named and "." in row[named]]
    if not found:
        raise SpecError(f"{path}: holds no addresses; give it a column named url")
    return list(dict.fromkeys(found))


def detect_all(
    path: Path,
    out: Path,
    *,
    allow_local: bool = False,
    contact: str = "no contact given",
    delay_s: float = 0.25,
    proxy: str | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[DetectionReport]:
    """Detect the portal type of every address listed in the file ``path``, eight hosts at once, and yield each
    report.

    ``out``: the CSV file to which a row is appended as soon as a report is known. Addresses that already have a row
    there are skipped, so the same command continues an interrupted list. ``on_progress`` is called with the number of
    addresses done and the number of all. The other parameters are those of :func:`harvester.detect.detect`. Raise
    SpecError if the list cannot be read.
    """
    wanted = addresses(path)
    done = _done(out)
    left = [one for one in wanted if " ".join(one.split()) not in done]
    on_progress(len(wanted) - len(left), len(wanted))
    is_new = not out.exists() or not out.stat().st_size
    with out.open("a", encoding="utf-8", newline="") as file, ThreadPoolExecutor(AT_ONCE) as pool:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(COLUMNS)
        number = len(wanted) - len(left)
        running: dict[Future[DetectionReport], str] = {}
        # One worker at a time asks a host, so that the pauses between its requests are kept.
        waiting: dict[str, list[str]] = {}
        for one in left:
            waiting.setdefault(_host(one), []).append(one)
        turns = deque(waiting)
        try:
            while running or turns:
                while turns and len(running) < AT_ONCE:
                    address = waiting[turns.popleft()].pop(0)
                    running[pool.submit(_safe, address, allow_local, contact, delay_s, proxy)] = address
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    address = running.pop(future)
                    if waiting[_host(address)]:
                        turns.append(_host(address))
                    found = future.result()
                    number += 1
                    writer.writerow(_row(address, found))
                    file.flush()
                    on_progress(number, len(wanted))
                    yield found
        finally:
            pool.shutdown(cancel_futures=True)


def _host(address: str) -> str:
    """Return the host of an address in the list; the address itself if no host can be read from it."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        return (parts.hostname or address).removeprefix("www.")
    except ValueError:
        return address


def _safe(address: str, allow_local: bool, contact: str, delay_s: float, proxy: str | None) -> DetectionReport:
    """Return a detection; an exception becomes its fault, because one address must not end every run of a list."""
    try:
        return detect(address, allow_local=allow_local, contact=contact, delay_s=delay_s, proxy=proxy)
    except Exception as error:  # noqa: BLE001  # whatever a stranger's site brings about
        return DetectionReport(url=address, fault=f"it could not be looked at: {type(error).__name__}: {error}")


def _done(out: Path) -> set[str]:
    """Return the addresses in an existing output file. A last line that was cut off is removed from the file."""
    from catalog.exports.csvfile import unguard

    if not out.exists():
        return set()
    text = out.read_text("utf-8")
    if text and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        out.write_text(text, "utf-8")
    return {unguard(row["address"]) for row in csv.DictReader(text.splitlines()) if row.get("address")}


def _row(address: str, found: DetectionReport) -> list[str]:
    from catalog.exports.csvfile import guard

    best = found.best
    others = "; ".join(f"{one.type} {one.url}" for one in found.endpoints if one is not best)
    cells = [
        address,
        best.type if best else "",
        best.url if best else "",
        f"{best.confidence:.2f}" if best else "",
        str(best.datasets) if best and best.datasets is not None else "",
        best.evidence if best else "",
        others[:500],
        str(found.asked),
        found.fault or ("" if best else "no known kind of portal answers there"),
    ]
    plain = [" ".join(cell.encode("utf-8", "replace").decode().split()) for cell in cells]
    return [guard(cell) for cell in plain]
