"""Detection of a list of addresses, which can be broken off and taken up again."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from harvester.detect import Detection, detect
from specs.errors import SpecError

__all__ = ["COLUMNS", "addresses", "detect_all"]

AT_ONCE = 8
"""Sites looked at at the same time."""
COLUMNS = ("address", "type", "url", "confidence", "datasets", "evidence", "others", "asked", "fault")


def addresses(path: Path) -> list[str]:
    """The addresses of a list: the column "url" (or link, address, site), else the first column that holds some.

    Each once, in the order of the file. Raises SpecError where there are none.
    """
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror or error}") from error
    first = text.partition("\n")[0]
    rows = list(csv.reader(text.splitlines(), delimiter=max(",;\t", key=first.count)))
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
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Detection]:
    """Detect every address of a list, and write a row of ``out`` for each as soon as it is known.

    Addresses that stand in ``out`` already are not asked again: the same command goes on where it stopped.
    """
    wanted = addresses(path)
    done = _done(out)
    left = [one for one in wanted if one not in done]
    on_progress(len(wanted) - len(left), len(wanted))
    is_new = not out.exists() or not out.stat().st_size
    with out.open("a", encoding="utf-8", newline="") as file, ThreadPoolExecutor(AT_ONCE) as pool:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(COLUMNS)
        asked = {
            pool.submit(detect, one, allow_local=allow_local, contact=contact, delay_s=delay_s): one for one in left
        }
        try:
            for number, future in enumerate(as_completed(asked), len(wanted) - len(left) + 1):
                found = future.result()
                writer.writerow(_row(asked[future], found))
                file.flush()
                on_progress(number, len(wanted))
                yield found
        finally:
            pool.shutdown(cancel_futures=True)


def _done(out: Path) -> set[str]:
    """The addresses of an output that is there. A last line that was cut off is dropped from it."""
    if not out.exists():
        return set()
    text = out.read_text("utf-8")
    if text and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        out.write_text(text, "utf-8")
    return {row["address"] for row in csv.DictReader(text.splitlines()) if row.get("address")}


def _row(address: str, found: Detection) -> list[str]:
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
    return [guard(" ".join(cell.split())) for cell in cells]
